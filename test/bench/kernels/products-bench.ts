import type { Kernels } from "../../../runtime/simd/kernels.ts";
import { activationRowBytes, q4Bytes, q4StreamBytes, q8Bytes } from "../../../runtime/simd/layout.ts";
import type { Baselines } from "./baselines.ts";
import type { BenchMemory } from "./bench-memory.ts";
import { type Action, type Timing, timeInTurn } from "./measured-action.ts";
import { createOrtProduct } from "./ort-product.ts";

export interface Builds {
  readonly relaxed: Kernels;
  readonly simd128: Kernels;
}

/** Matrices in rotation, so that each comes from memory and not from a cache. */
const COLD_MATRICES = 12;
const ORT_ROUNDS = 5;
const ROUNDS = 41;

function quantisedRows(bench: BenchMemory, kernels: Kernels, rows: number, columns: number): number {
  const activations = bench.take(rows * activationRowBytes(columns, 8));
  kernels.quantizeActivations(bench.randomFloats(rows * columns, 3), rows, columns, 8, activations);
  return activations;
}

/** One row times a cold 4-bit matrix of 2048 columns and 16,384 outputs, and what it stands beside. */
export async function benchOneRow(bench: BenchMemory, builds: Builds, baselines: Baselines): Promise<Timing[]> {
  const [outputs, columns] = [16_384, 2048];
  const blocks = columns / 32;
  const macs = outputs * columns;
  const bytes = q4StreamBytes(outputs, columns);
  const stored = bench.randomBytes(macs / 2, 1);
  const scales = bench.randomHalves(outputs * blocks, 2, 0.01);
  const first = bench.take(q4Bytes(outputs, columns));
  builds.relaxed.repackQ4(stored, scales, 0, outputs, columns, outputs, first);
  const matrices = [first];
  while (matrices.length < COLD_MATRICES) matrices.push(bench.copy(first, q4Bytes(outputs, columns)));
  const next = (index: number) => matrices[index % COLD_MATRICES]!;

  const y = bench.take(outputs * 4);
  const rows = { relaxed: 0, simd128: 0 };
  for (const build of ["relaxed", "simd128"] as const) rows[build] = quantisedRows(bench, builds[build], 1, columns);
  const product = (build: keyof Builds) => (index: number) =>
    builds[build].matmulQ4(rows[build], 1, columns, 8, next(index), outputs, y);
  const offsets = bench.take(blocks * 16);
  const segmentScales = bench.randomFloats(columns / 256, 4);
  const rowScales = bench.randomFloats(outputs, 5);
  const actions: Action[] = [
    { name: "4 bit × 1 row, relaxed", macs, bytes, run: product("relaxed") },
    { name: "4 bit × 1 row, SIMD128", macs, bytes, run: product("simd128") },
    {
      name: "the same with lanes of columns (the prototype's way)",
      macs,
      bytes,
      run: (i) => baselines.columnLanes(next(i), rowScales, rows.relaxed, segmentScales, offsets, columns, outputs, y),
    },
    { name: "plain SIMD read of the matrix", bytes, run: (i) => baselines.readAll(next(i), bytes) },
  ];
  const own = await timeInTurn(actions, ROUNDS);

  const view = (offset: number, length: number) => new Uint8Array(bench.memory.buffer, offset, length);
  const ortProduct = await createOrtProduct(outputs, columns, view(stored, macs / 2), view(scales, macs / 16));
  const x = new Float32Array(columns).fill(0.5);
  const [ort] = await timeInTurn(
    [{ name: "onnxruntime-web MatMulNBits × 1 row", macs, run: () => ortProduct(x) }],
    ORT_ROUNDS,
  );
  return [...own, ort!];
}

/** 64 rows times a 4-bit matrix of 2048 × 2048, and bare relaxed dots of the same shape. */
export function benchManyRows(bench: BenchMemory, builds: Builds, baselines: Baselines): Promise<Timing[]> {
  const [rows, outputs, columns] = [64, 2048, 2048];
  const macs = rows * outputs * columns;
  const stored = bench.randomBytes((outputs * columns) / 2, 11);
  const scales = bench.randomHalves((outputs * columns) / 32, 12, 0.01);
  const weights = bench.take(q4Bytes(outputs, columns));
  builds.relaxed.repackQ4(stored, scales, 0, outputs, columns, outputs, weights);
  const y = bench.take(rows * outputs * 4);
  const sevenBits = bench.randomBytes(outputs * columns, 13, 128);
  const signed = bench.randomBytes(rows * columns, 14);
  const product = (build: keyof Builds) => {
    const activations = quantisedRows(bench, builds[build], rows, columns);
    return () => builds[build].matmulQ4(activations, rows, columns, 8, weights, outputs, y);
  };
  return timeInTurn(
    [
      { name: "4 bit × 64 rows, relaxed", macs, run: product("relaxed") },
      { name: "4 bit × 64 rows, SIMD128", macs, run: product("simd128") },
      {
        name: "bare relaxed dots × 64 rows",
        macs,
        run: () => baselines.bareDots(signed, rows, sevenBits, outputs, columns, y),
      },
    ],
    ROUNDS,
  );
}

/** One row and 64 rows times a cold 8-bit shard of the table, and a plain read of it. */
export function benchTable(bench: BenchMemory, builds: Builds, baselines: Baselines): Promise<Timing[]> {
  const [rows, outputs, columns] = [64, 42_667, 2048];
  const macs = outputs * columns;
  const bytes = q8Bytes(outputs, columns);
  const weights = bench.take(bytes);
  const PIECE = 4096;
  const stored = bench.randomBytes(PIECE * columns, 21);
  const scales = bench.randomHalves((PIECE * columns) / 32, 22, 0.01);
  for (let firstOutput = 0; firstOutput < outputs; firstOutput += PIECE) {
    const piece = Math.min(PIECE, outputs - firstOutput);
    builds.relaxed.repackQ8(stored, scales, firstOutput, piece, columns, weights);
  }
  const y = bench.take(rows * outputs * 4);
  const product = (build: keyof Builds, count: number) => {
    const activations = quantisedRows(bench, builds[build], count, columns);
    return () => builds[build].matmulQ8(activations, count, columns, 8, weights, outputs, y);
  };
  return timeInTurn(
    [
      { name: "8 bit table × 1 row, relaxed", macs, bytes, run: product("relaxed", 1) },
      { name: "8 bit table × 1 row, SIMD128", macs, bytes, run: product("simd128", 1) },
      { name: "plain SIMD read of the table", bytes, run: () => baselines.readAll(weights, bytes & ~63) },
      { name: "8 bit table × 4 rows, relaxed", macs: macs * 4, bytes, run: product("relaxed", 4) },
    ],
    ROUNDS,
  );
}
