import * as ort from "onnxruntime-web/wasm";
import { expect, test } from "vitest";
import { layerShard } from "../../../weights/families/layer.ts";
import { MAX_FILE_BYTES } from "../../../weights/manifest.ts";
import { ExternalLayout } from "../../../weights/onnx/external-layout.ts";
import { GraphBuilder } from "../../../weights/onnx/graph-builder.ts";
import { quantise4 } from "../../../weights/quantise/round.ts";
import { GEMMA_7B } from "../manifest-of.ts";

const OUTPUTS = 96;
const COLUMNS = 64;

ort.env.wasm.numThreads = 1;

/** x · matrixᵀ through onnxruntime-web, the matrix kept in pieces of at most `maxPieceBytes`. */
async function product(x: Float32Array, matrix: Float32Array, maxPieceBytes: number) {
  const layout = new ExternalLayout((index) => `m-${index}.bin`);
  const graph = new GraphBuilder("product", layout, maxPieceBytes);
  const input = graph.input("x", "float32", [1, "rows", COLUMNS]);
  graph.linear(input, { name: "m", source: "m.weight", outputs: OUTPUTS, columns: COLUMNS, bits: 4 }, "y");
  graph.output("y", "float32", [1, "rows", OUTPUTS]);
  const externalData = layout.files.map(({ path, bytes, pieces }) => {
    const data = new Uint8Array(bytes);
    for (const { firstRow, rows, scales, data: range } of pieces)
      quantise4(
        matrix.subarray(firstRow * COLUMNS, (firstRow + rows) * COLUMNS),
        new Uint16Array(data.buffer, scales!.offset, scales!.bytes / 2),
        data.subarray(range.offset, range.offset + range.bytes),
      );
    return { path, data };
  });
  const session = await ort.InferenceSession.create(graph.encode(), { externalData });
  const { y } = await session.run({ x: new ort.Tensor("float32", x, [1, 2, COLUMNS]) });
  await session.release();
  return { y: y!.data as Float32Array, pieces: layout.files.flatMap(({ pieces }) => pieces) };
}

test("a matrix cut by outputs gives the same product as a whole one", async () => {
  const matrix = Float32Array.from({ length: OUTPUTS * COLUMNS }, (_, i) => Math.sin(i * i));
  const x = Float32Array.from({ length: 2 * COLUMNS }, (_, i) => Math.cos(3 * i));
  const whole = await product(x, matrix, 1 << 20);
  const cut = await product(x, matrix, 1200);
  expect(whole.pieces.length).toBe(1);
  expect(cut.pieces.map(({ firstRow, rows }) => [firstRow, rows])).toEqual([
    [0, 32],
    [32, 32],
    [64, 32],
  ]);
  expect(cut.y).toEqual(whole.y);
});

test("a 7B layer keeps to the size of a file, and all its rows are there once", () => {
  const { data } = layerShard(GEMMA_7B, 3);
  expect(Math.max(...data.map(({ bytes }) => bytes))).toBeLessThanOrEqual(MAX_FILE_BYTES);
  const nextRow = new Map<string, number>();
  for (const { source, firstRow, rows } of data.flatMap(({ pieces }) => pieces)) {
    expect(firstRow, source).toBe(nextRow.get(source) ?? 0);
    nextRow.set(source, firstRow + rows);
  }
  expect(nextRow.get("model.layers.3.mlp.gate_proj.weight")).toBe(24_576);
  expect(nextRow.get("model.layers.3.mlp.down_proj.weight")).toBe(3072);
});

test("ranges of a file are aligned and do not overlap, scales before what they scale", () => {
  const layout = new ExternalLayout((index) => `f-${index}.bin`);
  for (const scaleBytes of [2, 0, 130])
    layout.place(
      { encoding: "int4", source: "m", sourceShape: [1], firstRow: 0, rows: 1, columns: 1 },
      { scaleBytes, dataBytes: 100 },
    );
  const [file] = layout.files;
  const ranges = file!.pieces.flatMap(({ scales, data }) => [scales, data]).filter((range) => range !== null);
  expect(ranges.map(({ offset, bytes }) => [offset, bytes])).toEqual([
    [0, 2],
    [64, 100],
    [192, 100],
    [320, 130],
    [512, 100],
  ]);
  expect(file!.bytes).toBe(640);
});
