import { describe, expect, test } from "vitest";
import type { ModelSource } from "../../../runtime/model-source.ts";
import { WeightsError } from "../../../weights/errors.ts";
import { bitsOf, demoManifest, demoSource } from "../demo-model.ts";
import { simdEngine } from "../kernel-builds.ts";

const engine = await simdEngine("relaxed");
const CUT = { firstLayer: 2, layerCount: 1, finalNorm: true, kvTokens: 32, maxRows: 4 };
const load = (source: ModelSource) => engine.loadLayers({ manifest: demoManifest, source, ...CUT });
const loadTable = (source: ModelSource) =>
  engine.loadVocabulary({ manifest: demoManifest, source, firstShard: 0, shardCount: 2, maxRows: 4 });

/** The demo folder with `change` applied to each chunk of one file. */
function tampered(path: string, change: (chunk: Uint8Array, start: number) => Uint8Array): ModelSource {
  return {
    open: async (name) => {
      const stream = await demoSource.open(name);
      if (name !== path) return stream;
      let start = 0;
      return stream.pipeThrough(
        new TransformStream({
          transform(chunk: Uint8Array, controller) {
            controller.enqueue(change(chunk, start));
            start += chunk.length;
          },
        }),
      );
    },
  };
}

/** The demo folder in chunks of `bytes` bytes. */
function rechunked(bytes: number): ModelSource {
  return {
    open: async (name) =>
      (await demoSource.open(name)).pipeThrough(
        new TransformStream({
          transform(chunk: Uint8Array, controller) {
            for (let start = 0; start < chunk.length; start += bytes)
              controller.enqueue(chunk.slice(start, start + bytes));
          },
        }),
      ),
  };
}

const hidden = Float32Array.from({ length: 4 * demoManifest.architecture.hiddenSize }, (_, i) => Math.sin(i * i));

test("weights are the same whatever the chunks they come in", async () => {
  const results = new Set<string>();
  for (const source of [demoSource, rechunked(997), rechunked(70_001)]) {
    const stage = await load(source);
    const rows = await stage.forward([{ slot: stage.openSession(), position: 0, rows: 4 }], hidden);
    const logits = await (await loadTable(source)).logits(await stage.finalNormRows(rows));
    results.add(bitsOf(logits));
  }
  expect(results.size).toBe(1);
});

describe("a damaged file is refused by name, with what was expected and found", () => {
  const flip = (chunk: Uint8Array, start: number) => {
    const at = 200_000 - start;
    return at >= 0 && at < chunk.length ? chunk.with(at, chunk[at]! ^ 1) : chunk;
  };
  const cases: [string, string, (chunk: Uint8Array, start: number) => Uint8Array, RegExp][] = [
    ["a flipped bit in weights", "layer-02-0.bin", flip, /layer-02-0\.bin has SHA-256 .* the manifest says/],
    ["weights cut short", "layer-02-0.bin", (chunk) => chunk.subarray(1), /layer-02-0\.bin ends after/],
    [
      "a flipped bit in a graph",
      "layer-02.onnx",
      (chunk) => chunk.with(9, chunk[9]! ^ 1),
      /layer-02\.onnx has SHA-256/,
    ],
    ["the final norm's weights", "final-norm-0.bin", (chunk) => chunk.fill(0), /final-norm-0\.bin has SHA-256/],
  ];
  for (const [name, path, change, message] of cases)
    test(name, async () => {
      const error = await load(tampered(path, change)).catch((error) => error);
      expect(error).toMatchObject({ name: "InferenceError", code: "bad_shard" });
      expect(error.message).toMatch(message);
    });

  test("a table shard", async () => {
    await expect(loadTable(tampered("table-0001.bin", flip))).rejects.toThrow(/table-0001\.bin has SHA-256/);
  });

  test("a file that is not there", async () => {
    const source: ModelSource = {
      open: (name) =>
        name === "layer-02-0.bin" ? Promise.reject(new WeightsError("no such object")) : demoSource.open(name),
    };
    await expect(load(source)).rejects.toMatchObject({
      code: "bad_shard",
      message: expect.stringMatching(/layer-02-0\.bin is missing/),
    });
  });
});

test("loading holds little beside the planned memory", async () => {
  const { memoryBytes } = await load(demoSource);
  const weightBytes = demoManifest.layers[2]!.data.reduce((sum, { bytes }) => sum + bytes, 0);
  expect(memoryBytes).toBeLessThan(weightBytes * 1.05 + 512 * 1024);
});
