import { expect, test } from "vitest";
import { readGemmaConfig } from "../../../weights/sources/gemma-config.ts";
import { tinyConfig } from "../tiny-checkpoint.ts";

const { rope_theta: _, ...withoutRope } = tinyConfig;

test.each([
  ["rope_theta", { ...tinyConfig, rope_theta: 500 }, 500],
  ["rope_parameters", { ...withoutRope, rope_parameters: { rope_type: "default", rope_theta: 500 } }, 500],
  ["neither", withoutRope, 10_000],
])("the rotary base comes from %s", (_, config, expected) => {
  const { attention } = readGemmaConfig(config, "config.json").architecture;
  expect(attention).toEqual(new Array(2).fill({ window: null, ropeTheta: expected, ropeFactor: 1 }));
});

test.each(["gelu", "gelu_pytorch_tanh"])("hidden_act %s is the tanh form", (hidden_act) => {
  expect(readGemmaConfig({ ...tinyConfig, hidden_act }, "config.json").architecture.hiddenSize).toBe(64);
});

test("what only matters in training is passed over", () => {
  const config = {
    ...tinyConfig,
    torch_dtype: "bfloat16",
    transformers_version: "4.38.0",
    _name_or_path: "x",
    use_cache: true,
  };
  expect(readGemmaConfig(config, "config.json")).toEqual(readGemmaConfig(tinyConfig, "config.json"));
});

test.each([
  [{ architectures: ["GemmaModel"] }, /architectures is \["GemmaModel"\], expected one of GemmaForCausalLM, Gemma2/],
  [{ architectures: ["toString"] }, /architectures is \["toString"\]/],
  [{ architectures: undefined }, /architectures is undefined/],
  [{ attention_bias: true }, /attention_bias/],
  [{ hidden_activation: "silu" }, /hidden_activation/],
  [{ rope_scaling: { type: "linear", factor: 2 } }, /rope_scaling/],
  [{ rope_parameters: { rope_type: "yarn", rope_theta: 10_000 } }, /rope_parameters/],
  [{ rope_parameters: { rope_theta: 5 } }, /rope_theta is 10000, rope_parameters.rope_theta says 5/],
  [{ tie_word_embeddings: false }, /tie_word_embeddings/],
  [{ quantization_config: { quant_method: "gptq" } }, /quantization_config: not known/],
  [{ attn_logit_softcapping: 50 }, /attn_logit_softcapping: not known/],
  [{ hidden_size: undefined }, /hidden_size/],
  [{ hidden_size: 1e12 }, /hidden_size/],
])("%j is refused by name", (change, message) => {
  const config = JSON.parse(JSON.stringify({ ...tinyConfig, ...change })) as Record<string, unknown>;
  expect(() => readGemmaConfig(config, "config.json")).toThrow(message);
});
