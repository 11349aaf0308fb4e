import { expect, test } from "vitest";
import { loadOrtModule } from "../../../cli/ort-module.ts";
import type { Engine } from "../../../runtime/engine.ts";
import { createOrtEngine } from "../../../runtime/ort/engine.ts";
import { simdEngine } from "../kernel-builds.ts";
import { type LayerForm, SMALL, smallLayer } from "../small-layer.ts";

const ROWS = 40;
/** Calls that cross pages and windows. */
const CHUNKS = [7, 1, 25, 1, 6];

const ort = createOrtEngine({ wasmModule: await loadOrtModule() });

const hidden = Float32Array.from({ length: ROWS * SMALL.hidden }, (_, i) => Math.sin(i * i * 0.7) * 3);

async function run(engine: Engine, form: LayerForm): Promise<Float32Array> {
  const stage = await engine.loadLayers({
    ...smallLayer(form),
    firstLayer: 0,
    layerCount: 1,
    finalNorm: false,
    kvTokens: 64,
    maxRows: 32,
  });
  const slot = stage.openSession();
  const result = new Float32Array(hidden.length);
  let position = 0;
  for (const rows of CHUNKS) {
    const end = (position + rows) * SMALL.hidden;
    const piece = hidden.subarray(position * SMALL.hidden, end);
    result.set(await stage.forward([{ slot, position, rows }], piece), position * SMALL.hidden);
    position += rows;
  }
  return result;
}

/** Largest difference over the largest value. */
function difference(a: Float32Array, b: Float32Array): number {
  const largest = a.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
  return a.reduce((max, x, i) => Math.max(max, Math.abs(x - b[i]!)), 0) / largest;
}

const forms: Record<string, LayerForm> = {
  "a plain layer": {},
  "a scale of its own": { attention: { scale: { float: 0.5 } } },
  "a soft cap": { attention: { softcap: { float: 2 } } },
  "a window of 5 tokens": { attention: { local_window_size: 5 } },
  "a window of a whole page": { attention: { local_window_size: 32 } },
  "a gate in two products": { splitGate: true },
  "fused residual norm and FastGelu": { fused: true },
};

for (const [name, form] of Object.entries(forms))
  test(`${name}: the simd engine with 16 bits agrees with onnxruntime`, async () => {
    const judge = await run(ort, form);
    expect(judge.every(Number.isFinite)).toBe(true);
    expect(difference(judge, await run(await simdEngine("relaxed", 16), form))).toBeLessThan(5e-4);
  });

test("scale, soft cap and window do change what onnxruntime answers", async () => {
  const plain = await run(ort, {});
  for (const form of [forms["a scale of its own"]!, forms["a soft cap"]!, forms["a window of 5 tokens"]!])
    expect(difference(plain, await run(ort, form))).toBeGreaterThan(5e-3);
});

// onnxruntime 1.22 showed one key more than local_window_size; the pinned release must not.
test("a window is told apart from one that is a token longer or shorter", async () => {
  const judge = await run(ort, { attention: { local_window_size: 5 } });
  const engine = await simdEngine("relaxed", 16);
  for (const local_window_size of [4, 6])
    expect(difference(judge, await run(engine, { attention: { local_window_size } }))).toBeGreaterThan(5e-3);
});
