import { describe, expect, it } from "vitest";
import { WeightsError } from "../../../weights/errors.ts";
import { readGemmaConfig } from "../../../weights/sources/gemma-config.ts";
import { ggufConfig } from "../../../weights/sources/gguf-config.ts";
import { GgufFile } from "../../../weights/sources/gguf-file.ts";
import { array, encodeGguf, f32, text, u32, type Value } from "./gguf-writer.ts";
import { memoryBytes } from "./memory-bytes.ts";

const ROWS = 262_144;
const common = {
  context_length: u32(32_768),
  embedding_length: u32(640),
  block_count: u32(18),
  feed_forward_length: u32(2048),
  "attention.head_count": u32(4),
  "attention.head_count_kv": u32(1),
  "attention.key_length": u32(256),
  "attention.value_length": u32(256),
  "attention.layer_norm_rms_epsilon": f32(1e-6),
};
const windowed = { ...common, "attention.sliding_window": u32(512) };

async function config(architecture: string, entries: Record<string, Value>, others: [string, Value][] = []) {
  const metadata: [string, Value][] = [
    ["general.architecture", text(architecture)],
    ...Object.entries(entries).map(([name, value]): [string, Value] => [`${architecture}.${name}`, value]),
    ...others,
  ];
  const { fields } = await GgufFile.over(memoryBytes("x.gguf", encodeGguf({ metadata, tensors: [] })));
  return ggufConfig(fields, ROWS);
}

const architecture = async (name: string, entries: Record<string, Value>) =>
  readGemmaConfig(await config(name, entries), "x.gguf").architecture;

describe("a GGUF file's metadata as config.json", () => {
  it("gives Gemma 3's windows, rotary bases and shapes", async () => {
    const found = await architecture("gemma3", { ...windowed, "rope.freq_base": f32(1e6) });
    expect(found).toMatchObject({
      family: "gemma3_text",
      vocabSize: ROWS,
      hiddenSize: 640,
      intermediateSize: 2048,
      numHiddenLayers: 18,
      numAttentionHeads: 4,
      numKeyValueHeads: 1,
      headDim: 256,
      rmsNormEps: 1e-6,
      queryPreAttnScalar: 256,
      attnLogitSoftcapping: null,
      finalLogitSoftcapping: null,
      maxPositionEmbeddings: 32_768,
    });
    const local = { window: 512, ropeTheta: 10_000, ropeFactor: 1 };
    const global = { window: null, ropeTheta: 1_000_000, ropeFactor: 1 };
    expect(found.attention.slice(0, 7)).toEqual([local, local, local, local, local, global, local]);
  });

  it("scales the positions of Gemma 3's global layers alone", async () => {
    const scaled = { "rope.scaling.type": text("linear"), "rope.scaling.factor": f32(8) };
    const { attention } = await architecture("gemma3", { ...windowed, ...scaled });
    expect([attention[0]!.ropeFactor, attention[5]!.ropeFactor]).toEqual([1, 8]);
  });

  it("gives Gemma 2's soft caps and local even layers, said or not", async () => {
    const silent = await architecture("gemma2", windowed);
    const said = await architecture("gemma2", {
      ...windowed,
      attn_logit_softcapping: f32(50),
      final_logit_softcapping: f32(30),
    });
    expect(silent).toEqual(said);
    expect(said).toMatchObject({ family: "gemma2", attnLogitSoftcapping: 50, finalLogitSoftcapping: 30 });
    expect(said.attention.slice(0, 2).map(({ window }) => window)).toEqual([512, null]);
  });

  it("scales the attention of 27B by hidden size per head", async () => {
    const gemma2 = { ...windowed, block_count: u32(46), embedding_length: u32(4608) };
    expect((await architecture("gemma2", { ...gemma2, "attention.head_count": u32(32) })).queryPreAttnScalar).toBe(144);
    const gemma3 = { ...windowed, block_count: u32(62), embedding_length: u32(5376) };
    expect((await architecture("gemma3", { ...gemma3, "attention.head_count": u32(32) })).queryPreAttnScalar).toBe(168);
  });

  it("gives Gemma 1 global layers only", async () => {
    const found = await architecture("gemma", common);
    expect(found).toMatchObject({ family: "gemma1", queryPreAttnScalar: 256 });
    expect(found.attention[0]).toEqual({ window: null, ropeTheta: 10_000, ropeFactor: 1 });
  });

  it("follows a pattern of windows, as a number or layer by layer", async () => {
    const pattern = (value: Value) => ({ ...windowed, "attention.sliding_window_pattern": value });
    const global = async (value: Value) =>
      (await architecture("gemma3", pattern(value))).attention.flatMap(({ window }, layer) => (window ? [] : [layer]));
    expect(await global(u32(9))).toEqual([8, 17]);
    const all = new Array(18).fill(true);
    expect(await global(array("bool", all.with(3, false)))).toEqual([3]);
  });

  it("takes the ids of bos, pad and every end", async () => {
    const id = (name: string, value: number): [string, Value] => [`tokenizer.ggml.${name}_token_id`, u32(value)];
    const json = await config("gemma", common, [id("bos", 2), id("eos", 1), id("eot", 107), id("padding", 0)]);
    expect(json).toMatchObject({ bos_token_id: 2, pad_token_id: 0, eos_token_id: [1, 107] });
  });

  it.each<[string, string, Record<string, Value>]>([
    ["general.architecture is llama, expected one of gemma, gemma2, gemma3", "llama", common],
    ["general.architecture is toString", "toString", common],
    ["gemma.expert_count: not known of gemma", "gemma", { ...common, expert_count: u32(8) }],
    ["gemma.attention.sliding_window: not known of gemma", "gemma", windowed],
    ["gemma2.rope.freq_base_swa: not known of gemma2", "gemma2", { ...windowed, "rope.freq_base_swa": f32(1e4) }],
    ["has no metadata gemma2.attention.sliding_window", "gemma2", common],
    ["gemma.attention.value_length is 128, expected 256", "gemma", { ...common, "attention.value_length": u32(128) }],
    ["gemma.rope.dimension_count is 64, expected 256", "gemma", { ...common, "rope.dimension_count": u32(64) }],
    ["gemma.vocab_size is 5, token_embd.weight has 262144 rows", "gemma", { ...common, vocab_size: u32(5) }],
    ["gemma3.rope.scaling.type is yarn", "gemma3", { ...windowed, "rope.scaling.type": text("yarn") }],
    ["gemma.block_count is string x, expected a number", "gemma", { ...common, block_count: text("x") }],
    [
      "sliding_window_pattern has 1 elements, the model 18 layers",
      "gemma3",
      { ...windowed, "attention.sliding_window_pattern": array("bool", [true]) },
    ],
    ["expected 1 to 256 layers", "gemma3", { ...windowed, block_count: u32(4_000_000_000) }],
  ])("refuses by name: %s", async (message, name, entries) => {
    const error: unknown = await config(name, entries).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(WeightsError);
    expect((error as Error).message).toContain(message);
    expect((error as Error).message).toMatch(/^x\.gguf/);
  });

  it("refuses a part of a split model", async () => {
    await expect(config("gemma", common, [["split.count", u32(2)]])).rejects.toThrow(/one part of a split model/);
  });
});
