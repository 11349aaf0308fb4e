import type { Kernels } from "../../../runtime/simd/kernels.ts";
import { activationRowBytes } from "../../../runtime/simd/layout.ts";
import type { BenchMemory } from "./bench-memory.ts";
import { type Timing, timeInTurn } from "./measured-action.ts";

const ROUNDS = 21;
const [HIDDEN, FFN, TABLE_ROWS] = [2048, 16_384, 42_667];

/** Everything beside products and attention at Gemma 2B's sizes, relaxed build. */
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
      { name: "quantize 16,384", repeat: 50, run: () => kernels.quantizeActivations(x, 1, FFN, 8, activations) },
      { name: "gelu · up 16,384", repeat: 50, run: () => kernels.geluMultiply(x, up, FFN, y) },
      { name: "RMS norm 2048", repeat: 200, run: () => kernels.rmsNorm(x, 1, HIDDEN, up, 1e-6, y) },
      { name: "top 64 of 42,667", repeat: 20, run: () => kernels.topK(x, TABLE_ROWS, k, indices, values) },
      { name: "log-sum-exp tiles of 42,667", repeat: 20, run: () => kernels.tileSums(x, TABLE_ROWS, 1, tiles) },
    ],
    ROUNDS,
  );
}
