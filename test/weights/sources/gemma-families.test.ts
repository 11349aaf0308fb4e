import { describe, expect, test } from "vitest";
import type { Architecture } from "../../../weights/manifest.ts";
import { readGemmaConfig } from "../../../weights/sources/gemma-config.ts";
import { GEMMA2_2B, GEMMA3_1B, GEMMA3_4B, GEMMA3_270M } from "../manifest-of.ts";

type Config = Record<string, unknown>;

const common = {
  attention_bias: false,
  attention_dropout: 0,
  bos_token_id: 2,
  eos_token_id: 1,
  head_dim: 256,
  hidden_activation: "gelu_pytorch_tanh",
  initializer_range: 0.02,
  pad_token_id: 0,
  rms_norm_eps: 1e-6,
  use_cache: true,
};

/** The fields the released files have. */
const gemma2: Config = {
  ...common,
  architectures: ["Gemma2ForCausalLM"],
  attn_logit_softcapping: 50,
  cache_implementation: "hybrid",
  final_logit_softcapping: 30,
  hidden_act: "gelu_pytorch_tanh",
  hidden_size: 2304,
  intermediate_size: 9216,
  max_position_embeddings: 8192,
  model_type: "gemma2",
  num_attention_heads: 8,
  num_hidden_layers: 26,
  num_key_value_heads: 4,
  query_pre_attn_scalar: 256,
  rope_theta: 10_000,
  sliding_window: 4096,
  torch_dtype: "float32",
  transformers_version: "4.42.4",
  vocab_size: 256_000,
};

const gemma3: Config = {
  ...common,
  architectures: ["Gemma3ForCausalLM"],
  attn_logit_softcapping: null,
  final_logit_softcapping: null,
  max_position_embeddings: 32_768,
  model_type: "gemma3_text",
  num_attention_heads: 4,
  num_key_value_heads: 1,
  query_pre_attn_scalar: 256,
  rope_local_base_freq: 10_000,
  rope_scaling: null,
  rope_theta: 1_000_000,
  sliding_window: 512,
  vocab_size: 262_144,
};
const gemma3Small = {
  ...gemma3,
  _sliding_window_pattern: 6,
  hidden_size: 640,
  intermediate_size: 2048,
  layer_types: Array.from({ length: 18 }, (_, i) => (i % 6 === 5 ? "full_attention" : "sliding_attention")),
  num_hidden_layers: 18,
  use_bidirectional_attention: false,
};
const gemma3Billion = {
  ...gemma3,
  cache_implementation: "hybrid",
  hidden_size: 1152,
  intermediate_size: 6912,
  num_hidden_layers: 26,
  sliding_window_pattern: 6,
};
const gemma3Vision: Config = {
  architectures: ["Gemma3ForConditionalGeneration"],
  boi_token_index: 255_999,
  eoi_token_index: 256_000,
  eos_token_id: [1, 106],
  image_token_index: 262_144,
  initializer_range: 0.02,
  mm_tokens_per_image: 256,
  model_type: "gemma3",
  text_config: {
    hidden_size: 2560,
    intermediate_size: 10_240,
    model_type: "gemma3_text",
    num_hidden_layers: 34,
    rope_scaling: { factor: 8, rope_type: "linear" },
    sliding_window: 1024,
  },
  torch_dtype: "bfloat16",
  transformers_version: "4.50.0.dev0",
  vision_config: { hidden_size: 1152, model_type: "siglip_vision_model" },
};

const released: [string, Config, Architecture][] = [
  ["Gemma 2 2B", gemma2, GEMMA2_2B],
  ["Gemma 3 270M", gemma3Small, GEMMA3_270M],
  ["Gemma 3 1B", gemma3Billion, GEMMA3_1B],
  // Its rows are more than its tokens; convert cuts them by the tokenizer.
  ["the text part of Gemma 3 4B", gemma3Vision, { ...GEMMA3_4B, vocabSize: 262_208 }],
];

test.each(released)("%s: everything its config.json says and leaves out", (_, config, expected) => {
  expect(readGemmaConfig(config, "config.json").architecture).toEqual(expected);
});

test("a model with vision stops where its outer object says", () => {
  const { eosTokenIds, multimodal } = readGemmaConfig(gemma3Vision, "config.json");
  expect({ eosTokenIds, multimodal }).toEqual({ eosTokenIds: [1, 106], multimodal: true });
});

test("rope_parameters say the same as the older fields", () => {
  const { rope_theta, rope_local_base_freq, rope_scaling, ...rest } = gemma3Small as Config;
  const parameters = {
    full_attention: { rope_type: "linear", rope_theta, factor: 8 },
    sliding_attention: { rope_type: "default", rope_theta: rope_local_base_freq },
  };
  const newer = readGemmaConfig({ ...rest, rope_parameters: parameters }, "config.json");
  const older = readGemmaConfig({ ...gemma3Small, rope_scaling: { type: "linear", factor: 8 } }, "config.json");
  expect(newer).toEqual(older);
  expect(newer.architecture.attention[5]).toEqual({ window: null, ropeTheta: 1_000_000, ropeFactor: 8 });
});

describe("what contradicts itself or is not known is refused by name", () => {
  const cases: [Config, RegExp][] = [
    [{ ...gemma2, layer_types: ["full_attention"] }, /layer_types has 1 entries, num_hidden_layers is 26/],
    [{ ...gemma2, layer_types: new Array(26).fill("chunked_attention") }, /layer_types/],
    [{ ...gemma2, sliding_window_size: 2048 }, /sliding_window is 4096, sliding_window_size says 2048/],
    [{ ...gemma2, rope_scaling: { type: "linear", factor: 2 } }, /rope_scaling/],
    [{ ...gemma2, rope_local_base_freq: 10_000 }, /rope_local_base_freq: not known/],
    [{ ...gemma2, model_type: "gemma3_text" }, /model_type/],
    [{ ...gemma3Small, use_bidirectional_attention: true }, /use_bidirectional_attention/],
    [{ ...gemma3Small, rope_scaling: { rope_type: "yarn", factor: 2 } }, /rope_scaling/],
    [{ ...gemma3Small, rope_parameters: { rope_theta: 10_000 } }, /rope_parameters/],
    [
      {
        ...gemma3Small,
        rope_parameters: { full_attention: { rope_theta: 5 }, sliding_attention: { rope_theta: 10_000 } },
      },
      /rope_theta is 1000000, rope_parameters.full_attention says 5/,
    ],
    [{ ...gemma3Vision, text_config: null }, /has no text_config/],
    [{ ...gemma3Vision, model_type: "paligemma" }, /model_type is "paligemma"/],
    [{ ...gemma3Vision, audio_config: {} }, /audio_config: not known/],
    [{ ...gemma3Vision, text_config: { ...gemma3Billion, laurel_rank: 64 } }, /text_config: laurel_rank: not known/],
  ];
  test.each(cases)("%#", (config, message) => {
    const read = () => readGemmaConfig(config, "config.json");
    expect(read).toThrow(expect.objectContaining({ name: "WeightsError" }));
    expect(read).toThrow(message);
  });
});
