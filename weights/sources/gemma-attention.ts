import { WeightsError } from "../errors.ts";
import type { LayerAttention } from "../manifest.ts";
import type { FamilyConfig, Gemma1Fields, Gemma2Fields, Gemma3TextFields } from "./gemma-fields.ts";

const ROPE_THETA = 10_000;
const GLOBAL_ROPE_THETA = 1_000_000;
/** Gemma 3: of six layers the last one is global. */
const GLOBAL_EVERY = 6;

/** Window and rotary embedding of each layer; a WeightsError where two fields contradict each other. */
export function layerAttentions({ family, fields }: FamilyConfig, path: string): LayerAttention[] {
  switch (family) {
    case "gemma1":
      return new Array<LayerAttention>(fields.num_hidden_layers).fill(globalAttention(fields, path));
    case "gemma2":
      return gemma2Attentions(fields, path);
    case "gemma3_text":
      return gemma3Attentions(fields, path);
  }
}

function globalAttention({ rope_theta, rope_parameters }: Gemma1Fields | Gemma2Fields, path: string): LayerAttention {
  const parameters = { "rope_parameters.rope_theta": rope_parameters?.rope_theta };
  return { window: null, ropeTheta: agreed(path, { rope_theta, ...parameters }) ?? ROPE_THETA, ropeFactor: 1 };
}

/** Even layers are local. */
function gemma2Attentions(fields: Gemma2Fields, path: string): LayerAttention[] {
  const { sliding_window, sliding_window_size } = fields;
  const window = agreed(path, { sliding_window, sliding_window_size })!;
  const global = globalAttention(fields, path);
  const types = layerTypes(fields, path) ?? ((layer) => layer % 2 === 1);
  return attentions(fields.num_hidden_layers, types, { ...global, window }, global);
}

/** Local layers have a rotary base of their own; only global ones may be scaled. */
function gemma3Attentions(fields: Gemma3TextFields, path: string): LayerAttention[] {
  const { rope_theta, rope_local_base_freq, rope_scaling, rope_parameters } = fields;
  const { full_attention: full, sliding_attention: sliding } = rope_parameters ?? {};
  const theta = agreed(path, { rope_theta, "rope_parameters.full_attention": full?.rope_theta });
  const localTheta = agreed(path, { rope_local_base_freq, "rope_parameters.sliding_attention": sliding?.rope_theta });
  const factor = agreed(path, {
    "rope_scaling.factor": rope_scaling?.factor,
    "rope_parameters.full_attention.factor": full && ("factor" in full ? full.factor : 1),
  });
  const { sliding_window_pattern, _sliding_window_pattern } = fields;
  const every = agreed(path, { sliding_window_pattern, _sliding_window_pattern }) ?? GLOBAL_EVERY;
  const types = layerTypes(fields, path) ?? ((layer) => (layer + 1) % every === 0);
  return attentions(
    fields.num_hidden_layers,
    types,
    { window: fields.sliding_window, ropeTheta: localTheta ?? ROPE_THETA, ropeFactor: 1 },
    { window: null, ropeTheta: theta ?? GLOBAL_ROPE_THETA, ropeFactor: factor ?? 1 },
  );
}

/** Which layers are global by layer_types, if config.json has them. */
function layerTypes({ layer_types, num_hidden_layers }: Gemma2Fields | Gemma3TextFields, path: string) {
  if (!layer_types) return undefined;
  if (layer_types.length !== num_hidden_layers)
    throw new WeightsError(
      `${path}: layer_types has ${layer_types.length} entries, num_hidden_layers is ${num_hidden_layers}`,
    );
  return (layer: number) => layer_types[layer] === "full_attention";
}

const attentions = (
  layers: number,
  isGlobal: (layer: number) => boolean,
  local: LayerAttention,
  global: LayerAttention,
): LayerAttention[] => Array.from({ length: layers }, (_, layer) => (isGlobal(layer) ? global : local));

/** The value of fields that say the same in the words of different releases; undefined when none is there. */
function agreed(path: string, fields: Readonly<Record<string, number | undefined>>): number | undefined {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  const [first, ...others] = given;
  for (const [name, value] of others)
    if (value !== first![1]) throw new WeightsError(`${path}: ${first![0]} is ${first![1]}, ${name} says ${value}`);
  return first?.[1];
}
