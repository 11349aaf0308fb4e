import { z } from "zod";
import type { Architecture } from "../manifest.ts";

/*
 * The fields of each family's config.json that change what the model computes, with the defaults of transformers.
 * Literals are the only value this converter can do.
 */

export type GemmaFamily = Architecture["family"];

const MAX_LAYERS = 256;
const tokenId = z
  .int()
  .min(0)
  .max(1 << 20);
const size = z
  .int()
  .min(1)
  .max(1 << 20);
const positive = z.number().positive();
/** The first Gemma configurations say "gelu" and mean the tanh form, as transformers itself reads them. */
const activation = z.enum(["gelu", "gelu_pytorch_tanh"]).nullish();

/** As newer releases write it; the older fields stay beside it in some files. */
const defaultRope = z.strictObject({ rope_type: z.literal("default").optional(), rope_theta: positive });
const linearRope = z.strictObject({ rope_type: z.literal("linear"), rope_theta: positive, factor: positive });
/** As older releases write it, for global layers alone. */
const ropeScaling = z.strictObject({
  rope_type: z.literal("linear").optional(),
  type: z.literal("linear").optional(),
  factor: positive,
});

const layerType = z.enum(["sliding_attention", "full_attention"]);

const commonFields = {
  vocab_size: size,
  hidden_size: size,
  intermediate_size: size,
  num_hidden_layers: size.max(MAX_LAYERS),
  num_attention_heads: size,
  num_key_value_heads: size,
  head_dim: size,
  hidden_act: activation,
  hidden_activation: activation,
  max_position_embeddings: size,
  rms_norm_eps: positive.default(1e-6),
  rope_theta: positive.optional(),
  attention_bias: z.literal(false).optional(),
  use_bidirectional_attention: z.literal(false).nullish(),
  tie_word_embeddings: z.literal(true).optional(),
  pruned_heads: z.strictObject({}).optional(),
  bos_token_id: tokenId.nullish(),
  eos_token_id: z.union([tokenId, z.array(tokenId).min(1).max(15)]).nullish(),
  pad_token_id: tokenId.nullish(),
};

const gemma1Schema = z.object({
  ...commonFields,
  model_type: z.literal("gemma").optional(),
  rope_parameters: defaultRope.nullish(),
  rope_scaling: z.null().optional(),
});

const gemma2Schema = z.object({
  ...commonFields,
  model_type: z.literal("gemma2").optional(),
  query_pre_attn_scalar: positive.default(256),
  attn_logit_softcapping: positive.nullable().default(50),
  final_logit_softcapping: positive.nullable().default(30),
  sliding_window: size.default(4096),
  /** Some files of the first release say it twice. */
  sliding_window_size: size.optional(),
  layer_types: z.array(layerType).nullish(),
  rope_parameters: defaultRope.nullish(),
  rope_scaling: z.null().optional(),
});

const gemma3TextSchema = z.object({
  ...commonFields,
  model_type: z.literal("gemma3_text").optional(),
  // The text models of 4B and up leave out what their class has as default.
  vocab_size: size.default(262_208),
  num_attention_heads: size.default(8),
  num_key_value_heads: size.default(4),
  head_dim: size.default(256),
  max_position_embeddings: size.default(131_072),
  query_pre_attn_scalar: positive.default(256),
  attn_logit_softcapping: positive.nullable().default(null),
  final_logit_softcapping: positive.nullable().default(null),
  sliding_window: size.default(4096),
  sliding_window_pattern: size.optional(),
  _sliding_window_pattern: size.optional(),
  layer_types: z.array(layerType).nullish(),
  rope_local_base_freq: positive.optional(),
  rope_scaling: ropeScaling.nullish(),
  rope_parameters: z
    .strictObject({ full_attention: z.union([defaultRope, linearRope]), sliding_attention: defaultRope })
    .nullish(),
});

export const familySchemas = { gemma1: gemma1Schema, gemma2: gemma2Schema, gemma3_text: gemma3TextSchema } as const;

export type Gemma1Fields = z.infer<typeof gemma1Schema>;
export type Gemma2Fields = z.infer<typeof gemma2Schema>;
export type Gemma3TextFields = z.infer<typeof gemma3TextSchema>;

export type FamilyConfig =
  | { readonly family: "gemma1"; readonly fields: Gemma1Fields }
  | { readonly family: "gemma2"; readonly fields: Gemma2Fields }
  | { readonly family: "gemma3_text"; readonly fields: Gemma3TextFields };
