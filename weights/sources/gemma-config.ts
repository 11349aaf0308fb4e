import { z } from "zod";
import { WeightsError } from "../errors.ts";
import type { Architecture } from "../manifest.ts";
import { layerAttentions } from "./gemma-attention.ts";
import { type FamilyConfig, familySchemas, type GemmaFamily } from "./gemma-fields.ts";
import { showJson } from "./show-json.ts";

/** `config.json` of a Gemma, with the defaults of transformers' configuration classes. */
export interface GemmaConfig {
  /** vocabSize is the checkpoint's rows; the last of them may belong to no token. */
  readonly architecture: Architecture;
  /** The checkpoint holds a vision model too, of which nothing is taken. */
  readonly multimodal: boolean;
  readonly bosTokenId: number;
  readonly eosTokenIds: readonly number[];
  readonly padTokenId: number;
}

/** By the class that config.json names. */
const ARCHITECTURES: Readonly<Record<string, { family: GemmaFamily; multimodal: boolean }>> = {
  GemmaForCausalLM: { family: "gemma1", multimodal: false },
  Gemma2ForCausalLM: { family: "gemma2", multimodal: false },
  Gemma3ForCausalLM: { family: "gemma3_text", multimodal: false },
  Gemma3ForConditionalGeneration: { family: "gemma3_text", multimodal: true },
};

/** Fields that say how to train, store or call the model, and nothing about its arithmetic when it only predicts. */
const IDLE_FIELDS = new Set(
  `architectures attention_dropout add_cross_attention cache_implementation chunk_size_feed_forward
  cross_attention_hidden_size decoder_start_token_id dtype finetuning_task id2label initializer_range is_decoder
  is_encoder_decoder label2id output_attentions output_hidden_states prefix pretraining_tp problem_type return_dict
  sep_token_id task_specific_params tokenizer_class torch_dtype torchscript use_bfloat16 use_cache`.split(/\s+/),
);
/** Fields of a model with vision beside its text_config; images are not read. */
const VISION_FIELDS = new Set(
  `vision_config boi_token_index eoi_token_index image_token_index boi_token_id eoi_token_id image_token_id
  mm_tokens_per_image`.split(/\s+/),
);
/** Said by transformers of Gemma 3 with an underscore, and computing nevertheless. */
const PATTERN_FIELD = "_sliding_window_pattern";

const isIdle = (field: string) =>
  field !== PATTERN_FIELD && (IDLE_FIELDS.has(field) || field.startsWith("_") || field.endsWith("_version"));

type Fields = Record<string, unknown>;

/** Reads the parsed `config.json`; throws a WeightsError that names what this converter cannot do. */
export function readGemmaConfig(json: Fields, path: string): GemmaConfig {
  const [name, ...others] = Array.isArray(json.architectures) ? (json.architectures as unknown[]) : [];
  const known = typeof name === "string" && Object.hasOwn(ARCHITECTURES, name) ? ARCHITECTURES[name] : undefined;
  if (known === undefined || others.length > 0)
    throw new WeightsError(
      `${path}: architectures is ${showJson(json.architectures)}, expected one of ${Object.keys(ARCHITECTURES).join(", ")}`,
    );
  const fields = known.multimodal ? textFields(json, path) : json;
  const config = parseFields(fields, known.family, `${path}${known.multimodal ? ", text_config" : ""}`);
  const { bos_token_id, eos_token_id, pad_token_id } = config.fields;
  return {
    architecture: describe(config, path),
    multimodal: known.multimodal,
    bosTokenId: bos_token_id ?? 2,
    eosTokenIds: [eos_token_id ?? 1].flat(),
    padTokenId: pad_token_id ?? 0,
  };
}

/** The text model's fields; ids that only the outer object has are taken from there. */
function textFields(json: Fields, path: string): Fields {
  const { text_config: text, model_type, tie_word_embeddings, ...outer } = json;
  if (typeof text !== "object" || text === null) throw new WeightsError(`${path}: has no text_config`);
  if (model_type !== undefined && model_type !== "gemma3")
    throw new WeightsError(`${path}: model_type is ${showJson(model_type)}, expected "gemma3"`);
  const { bos_token_id, eos_token_id, pad_token_id, ...rest } = outer;
  const unknown = Object.keys(rest).filter((field) => !VISION_FIELDS.has(field) && !isIdle(field));
  refuseUnknown(unknown, path);
  const given = (fields: Fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value != null));
  return { ...given({ tie_word_embeddings }), ...text, ...given({ bos_token_id, eos_token_id, pad_token_id }) };
}

function parseFields(fields: Fields, family: GemmaFamily, where: string): FamilyConfig {
  const schema = familySchemas[family];
  const computing = Object.fromEntries(Object.entries(fields).filter(([field]) => !isIdle(field)));
  refuseUnknown(
    Object.keys(computing).filter((field) => !Object.hasOwn(schema.shape, field)),
    where,
  );
  const parsed = schema.safeParse(computing);
  if (!parsed.success) throw new WeightsError(`${where}: ${z.prettifyError(parsed.error)}`, { cause: parsed.error });
  return { family, fields: parsed.data } as FamilyConfig;
}

function refuseUnknown(unknown: readonly string[], where: string): void {
  if (unknown.length > 0)
    throw new WeightsError(
      `${where}: ${unknown.join(", ")}: not known of this model; remove it from a copy if the model computes the same without it`,
    );
}

function describe(config: FamilyConfig, path: string): Architecture {
  const { family, fields } = config;
  const tuned = family === "gemma1" ? null : fields;
  return {
    family,
    vocabSize: fields.vocab_size,
    hiddenSize: fields.hidden_size,
    intermediateSize: fields.intermediate_size,
    numHiddenLayers: fields.num_hidden_layers,
    numAttentionHeads: fields.num_attention_heads,
    numKeyValueHeads: fields.num_key_value_heads,
    headDim: fields.head_dim,
    rmsNormEps: fields.rms_norm_eps,
    queryPreAttnScalar: tuned?.query_pre_attn_scalar ?? fields.head_dim,
    attnLogitSoftcapping: tuned?.attn_logit_softcapping ?? null,
    finalLogitSoftcapping: tuned?.final_logit_softcapping ?? null,
    maxPositionEmbeddings: fields.max_position_embeddings,
    attention: layerAttentions(config, path),
  };
}
