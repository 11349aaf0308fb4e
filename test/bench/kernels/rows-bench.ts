import type { Kernels } from "../../../runtime/simd/kernels.ts";
import { activationRowBytes, attentionScratchBytes, kvLayerBytes, PAGE_TOKENS } from "../../../runtime/simd/layout.ts";
import type { BenchMemory } from "./bench-memory.ts";
import { type Action, type Timing, timeInTurn } from "./measured-action.ts";

const ROUNDS = 21;
const [HIDDEN, FFN, HEADS, HEAD_DIM, TABLE_ROWS] = [2048, 16_384, 8, 256, 42_667];
const CONTEXT_TOKENS = 4096;

/** Everything beside the products at Gemma 2B's sizes, relaxed build. */
export function benchRows(bench: BenchMemory, kernels: Kernels): Promise<Timing[]> {
  const activations = bench.take(activationRowBytes(FFN, 8));
  const x = bench.randomFloats(TABLE_ROWS, 31);
  const up = bench.randomFloats(FFN, 32);
  const y = bench.take(FFN * 4);
  const k = 64;
  const indices = bench.take(k * 4);
  const values = bench.take(k * 4);
  const tiles = bench.take(Math.ceil(TABLE_ROWS / 1024) * 8);
  return timeInTurn(
    [
      ...attentionActions(bench, kernels),
      { name: "quantize 16,384", repeat: 50, run: () => kernels.quantizeActivations(x, 1, FFN, 8, activations) },
      { name: "gelu · up 16,384", repeat: 50, run: () => kernels.geluMultiply(x, up, FFN, y) },
      { name: "RMS norm 2048", repeat: 200, run: () => kernels.rmsNorm(x, 1, HIDDEN, up, 1e-6, y) },
      { name: "top 64 of 42,667", repeat: 20, run: () => kernels.topK(x, TABLE_ROWS, k, indices, values) },
      { name: "log-sum-exp tiles of 42,667", repeat: 20, run: () => kernels.tileSums(x, TABLE_ROWS, 1, tiles) },
    ],
    ROUNDS,
  );
}

function attentionActions(bench: BenchMemory, kernels: Kernels): Action[] {
  const pages = CONTEXT_TOKENS / PAGE_TOKENS;
  const pageTable = bench.take(pages * 4);
  const table = new Uint32Array(bench.memory.buffer, pageTable, pages);
  for (let page = 0; page < pages; page++) table[page] = bench.take(kvLayerBytes(1, HEAD_DIM));
  const rows = 64;
  const q = bench.randomFloats(rows * HEADS * HEAD_DIM, 33);
  const kv = bench.randomFloats(CONTEXT_TOKENS * HEAD_DIM, 34);
  kernels.storeKv(kv, kv, CONTEXT_TOKENS, 0, 1, HEAD_DIM, pageTable, 0);
  const scratch = bench.take(attentionScratchBytes(HEADS, HEAD_DIM));
  const out = bench.take(rows * HEADS * HEAD_DIM * 4);
  const attend = (name: string, count: number, position: number, repeat: number): Action => ({
    name,
    repeat,
    macs: 2 * count * HEADS * HEAD_DIM * (position + count / 2),
    run: () =>
      kernels.attention(
        ...([q, count, position, HEADS, 1, HEAD_DIM] as const),
        ...([1 / 16, 0, 0, pageTable, 0, scratch, out] as const),
      ),
  });
  return [
    attend("attention, decode at 128", 1, 127, 20),
    attend("attention, decode at 4096", 1, 4095, 1),
    attend("attention, 64 rows at 448", 64, 448, 1),
  ];
}
