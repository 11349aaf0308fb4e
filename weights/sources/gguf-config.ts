import { WeightsError } from "../errors.ts";
import type { GgufFields } from "./gguf-fields.ts";
import { GGUF_CLASSES, type GgufArchitecture } from "./gguf-names.ts";

/** llama.cpp's own constants of Gemma 2 and 3, where a file does not say them. */
const ROPE_THETA = { gemma: 10_000, gemma2: 10_000, gemma3: 1_000_000 } as const;
const MAX_LAYERS = 256;
const LOCAL_ROPE_THETA = 10_000;
const SOFT_CAPS = { attention: 50, final: 30 } as const;
/** Of this many layers the last is global. */
const GLOBAL_EVERY = { gemma2: 2, gemma3: 6 } as const;
/** The 27B models, by their layers: they scale attention by hidden size per head instead of by head_dim. */
const SCALED_BY_HIDDEN_LAYERS = { gemma2: 46, gemma3: 62 } as const;

/** Keys below the architecture's name that are understood; all others are refused, as they may change the result. */
const KNOWN_KEYS = new Set([
  "context_length",
  "embedding_length",
  "block_count",
  "feed_forward_length",
  "vocab_size",
  "attention.head_count",
  "attention.head_count_kv",
  "attention.key_length",
  "attention.value_length",
  "attention.layer_norm_rms_epsilon",
  "attention.sliding_window",
  "attention.sliding_window_pattern",
  "attn_logit_softcapping",
  "final_logit_softcapping",
  "rope.dimension_count",
  "rope.freq_base",
  "rope.freq_base_swa",
  "rope.scaling.type",
  "rope.scaling.factor",
]);

/** Which Gemma a GGUF file holds; a WeightsError names any other architecture. */
export function ggufArchitecture(fields: GgufFields): GgufArchitecture {
  const found = fields.string("general.architecture");
  if (!Object.hasOwn(GGUF_CLASSES, found))
    throw new WeightsError(
      `${fields.path}: general.architecture is ${found}, expected one of ${Object.keys(GGUF_CLASSES).join(", ")}`,
    );
  return found as GgufArchitecture;
}

/**
 * The config.json a Hugging Face checkpoint of the same model has, from a GGUF file's metadata. `vocabularyRows` are the
 * rows of its embedding table. A WeightsError names the key that is missing, not understood or contradicts another.
 */
export function ggufConfig(fields: GgufFields, vocabularyRows: number): Record<string, unknown> {
  const architecture = ggufArchitecture(fields);
  const key = (name: string) => `${architecture}.${name}`;
  const refuse = (what: string): never => {
    throw new WeightsError(`${fields.path}: ${what}`);
  };
  const unknown = [...fields.keys].filter(
    (name) => name.startsWith(key("")) && !KNOWN_KEYS.has(name.slice(key("").length)),
  );
  if (unknown.length > 0) refuse(`metadata ${unknown.join(", ")}: not known of ${architecture}`);
  if (fields.has("split.count") && fields.integer("split.count") > 1)
    refuse("is one part of a split model; join the parts with llama.cpp's gguf-split --merge");

  const integer = (name: string) => fields.integer(key(name));
  const optional = (name: string, otherwise: number) => (fields.has(key(name)) ? fields.number(key(name)) : otherwise);
  const headDim = integer("attention.key_length");
  for (const name of ["attention.value_length", "rope.dimension_count"])
    if (optional(name, headDim) !== headDim)
      refuse(`metadata ${key(name)} is ${optional(name, headDim)}, expected ${headDim} as attention.key_length`);
  if (optional("vocab_size", vocabularyRows) !== vocabularyRows)
    refuse(`metadata ${key("vocab_size")} is ${integer("vocab_size")}, token_embd.weight has ${vocabularyRows} rows`);

  const layers = integer("block_count");
  const heads = integer("attention.head_count");
  const common = {
    architectures: [GGUF_CLASSES[architecture]],
    vocab_size: vocabularyRows,
    hidden_size: integer("embedding_length"),
    intermediate_size: integer("feed_forward_length"),
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: optional("attention.head_count_kv", heads),
    head_dim: headDim,
    hidden_activation: "gelu_pytorch_tanh",
    max_position_embeddings: integer("context_length"),
    rms_norm_eps: fields.number(key("attention.layer_norm_rms_epsilon")),
    ...tokenIds(fields),
  };
  const theta = optional("rope.freq_base", ROPE_THETA[architecture]);
  const global = globalRope(fields, key, theta);
  const unused = (names: readonly string[]) => {
    const given = names.filter((name) => fields.has(key(name)));
    if (given.length > 0) refuse(`metadata ${given.map(key).join(", ")}: not known of ${architecture}`);
  };
  if (architecture === "gemma") {
    unused(["attention.sliding_window", "attention.sliding_window_pattern", "rope.freq_base_swa"]);
    unused(["attn_logit_softcapping", "final_logit_softcapping"]);
    return { ...common, rope_parameters: global };
  }
  const gemma3 = architecture === "gemma3";
  const cap = (name: string, otherwise: number) => optional(name, gemma3 ? 0 : otherwise) || null;
  const tuned = {
    ...common,
    query_pre_attn_scalar: layers === SCALED_BY_HIDDEN_LAYERS[architecture] ? common.hidden_size / heads : headDim,
    attn_logit_softcapping: cap("attn_logit_softcapping", SOFT_CAPS.attention),
    final_logit_softcapping: cap("final_logit_softcapping", SOFT_CAPS.final),
    sliding_window: integer("attention.sliding_window"),
    layer_types: layerTypes(fields, key("attention.sliding_window_pattern"), layers, GLOBAL_EVERY[architecture]),
  };
  if (!gemma3) {
    unused(["rope.freq_base_swa"]);
    return { ...tuned, rope_parameters: global };
  }
  const local = { rope_type: "default", rope_theta: optional("rope.freq_base_swa", LOCAL_ROPE_THETA) };
  return { ...tuned, rope_parameters: { full_attention: global, sliding_attention: local } };
}

/** The ids the tokenizer's metadata names, as far as it does. */
function tokenIds(fields: GgufFields): Record<string, unknown> {
  const id = (name: string) => {
    const key = `tokenizer.ggml.${name}_token_id`;
    return fields.has(key) ? [fields.integer(key)] : [];
  };
  const ends = [...new Set([...id("eos"), ...id("eot")])];
  return {
    bos_token_id: id("bos")[0] ?? null,
    pad_token_id: id("padding")[0] ?? null,
    eos_token_id: ends.length > 0 ? ends : null,
  };
}

/** Rotary embedding of global layers in the words of config.json. */
function globalRope(fields: GgufFields, key: (name: string) => string, theta: number): Record<string, unknown> {
  const type = fields.has(key("rope.scaling.type")) ? fields.string(key("rope.scaling.type")) : "none";
  if (type === "none") return { rope_type: "default", rope_theta: theta };
  if (type !== "linear")
    throw new WeightsError(`${fields.path}: metadata ${key("rope.scaling.type")} is ${type}, expected none or linear`);
  return { rope_type: "linear", rope_theta: theta, factor: fields.number(key("rope.scaling.factor")) };
}

/** Newer files say which layers are local, or of how many the last is global; others leave it to the reader. */
function layerTypes(fields: GgufFields, key: string, layers: number, globalEvery: number): string[] {
  const listed = fields.has(key) && fields.isArray(key) ? fields.numbers(key) : undefined;
  const every = fields.has(key) && listed === undefined ? fields.integer(key) : globalEvery;
  if (listed !== undefined && listed.length !== layers)
    throw new WeightsError(`${fields.path}: metadata ${key} has ${listed.length} elements, the model ${layers} layers`);
  if (layers < 1 || layers > MAX_LAYERS || every < 1)
    throw new WeightsError(
      `${fields.path}: ${layers} layers, of ${every} one global; expected 1 to ${MAX_LAYERS} layers`,
    );
  return Array.from({ length: layers }, (_, layer) =>
    (listed === undefined ? (layer + 1) % every !== 0 : listed[layer] !== 0) ? "sliding_attention" : "full_attention",
  );
}
