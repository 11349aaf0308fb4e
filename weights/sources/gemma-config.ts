import { z } from "zod";
import { WeightsError } from "../errors.ts";
import type { Architecture } from "../manifest.ts";

/** `config.json` of a GemmaForCausalLM (Gemma 1), with the defaults of transformers' GemmaConfig. */
export interface GemmaConfig {
  readonly architecture: Architecture;
  readonly bosTokenId: number;
  readonly eosTokenIds: readonly number[];
  readonly padTokenId: number;
}

const SUPPORTED = "GemmaForCausalLM";

const tokenId = z
  .int()
  .min(0)
  .max(1 << 20);
const size = z
  .int()
  .min(1)
  .max(1 << 20);
/** The first Gemma configurations say "gelu" and mean the tanh form, as transformers itself reads them. */
const activation = z.enum(["gelu", "gelu_pytorch_tanh"]).nullish();
const defaultRope = z.strictObject({
  rope_type: z.literal("default").optional(),
  rope_theta: z.number().positive(),
});

/** Fields that change what the model computes. Literals: the only value this converter can do. */
const computingFields = {
  model_type: z.literal("gemma").optional(),
  vocab_size: size,
  hidden_size: size,
  intermediate_size: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  num_key_value_heads: size,
  head_dim: size,
  hidden_act: activation,
  hidden_activation: activation,
  max_position_embeddings: size,
  rms_norm_eps: z.number().positive().default(1e-6),
  rope_theta: z.number().positive().optional(),
  rope_parameters: defaultRope.nullish(),
  rope_scaling: z.null().optional(),
  attention_bias: z.literal(false).optional(),
  use_bidirectional_attention: z.literal(false).nullish(),
  tie_word_embeddings: z.literal(true).optional(),
  pruned_heads: z.strictObject({}).optional(),
  bos_token_id: tokenId.nullish(),
  eos_token_id: z.union([tokenId, z.array(tokenId).min(1).max(15)]).nullish(),
  pad_token_id: tokenId.nullish(),
};

/** Fields that say how to train, store or call the model, and nothing about its arithmetic when it only predicts. */
const IDLE_FIELDS = new Set(
  `architectures attention_dropout add_cross_attention chunk_size_feed_forward cross_attention_hidden_size
  decoder_start_token_id dtype finetuning_task id2label initializer_range is_decoder is_encoder_decoder label2id
  output_attentions output_hidden_states prefix pretraining_tp problem_type return_dict sep_token_id task_specific_params
  tokenizer_class torch_dtype torchscript use_bfloat16 use_cache`.split(/\s+/),
);
const isIdle = (field: string) => IDLE_FIELDS.has(field) || field.startsWith("_") || field.endsWith("_version");

/** Reads the parsed `config.json`; throws a WeightsError that names what this converter cannot do. */
export function readGemmaConfig(json: Record<string, unknown>, path: string): GemmaConfig {
  const architectures = json.architectures;
  if (!Array.isArray(architectures) || architectures.join() !== SUPPORTED)
    throw new WeightsError(
      `${path}: architectures is ${JSON.stringify(architectures)}, expected ["${SUPPORTED}"] (Gemma 1)`,
    );
  const computing = Object.fromEntries(Object.entries(json).filter(([field]) => !isIdle(field)));
  const unknown = Object.keys(computing).filter((field) => !Object.hasOwn(computingFields, field));
  if (unknown.length > 0)
    throw new WeightsError(
      `${path}: ${unknown.join(", ")}: not known of ${SUPPORTED}; remove it from a copy if the model computes the same without it`,
    );
  const parsed = z.object(computingFields).safeParse(computing);
  if (!parsed.success) throw new WeightsError(`${path}: ${z.prettifyError(parsed.error)}`, { cause: parsed.error });
  const config = parsed.data;
  const fromParameters = config.rope_parameters?.rope_theta;
  if (fromParameters !== undefined && config.rope_theta !== undefined && fromParameters !== config.rope_theta)
    throw new WeightsError(`${path}: rope_theta is ${config.rope_theta}, rope_parameters says ${fromParameters}`);
  return {
    architecture: {
      family: "gemma1",
      vocabSize: config.vocab_size,
      hiddenSize: config.hidden_size,
      intermediateSize: config.intermediate_size,
      numHiddenLayers: config.num_hidden_layers,
      numAttentionHeads: config.num_attention_heads,
      numKeyValueHeads: config.num_key_value_heads,
      headDim: config.head_dim,
      rmsNormEps: config.rms_norm_eps,
      ropeTheta: fromParameters ?? config.rope_theta ?? 10_000,
      maxPositionEmbeddings: config.max_position_embeddings,
    },
    bosTokenId: config.bos_token_id ?? 2,
    eosTokenIds: [config.eos_token_id ?? 1].flat(),
    padTokenId: config.pad_token_id ?? 0,
  };
}
