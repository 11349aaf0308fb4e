import type { KvBits } from "../../../runtime/engine.ts";
import type { Kernels } from "../../../runtime/simd/kernels.ts";
import {
  activationRowBytes,
  attentionScratchBytes,
  kvLayerBytes,
  PAGE_TOKENS,
  q4Bytes,
} from "../../../runtime/simd/layout.ts";
import type { BenchMemory } from "./bench-memory.ts";
import { type Action, type Timing, timeInTurn } from "./measured-action.ts";

const ROUNDS = 15;
const [HIDDEN, FFN, HEADS, HEAD_DIM] = [2048, 16_384, 8, 256];
const CONTEXTS = [128, 1024, 4096];
const PROMPT_ROWS = 512;
const CHUNK_ROWS = 64;
/** Queries; keys and values; attention's way out; gate and up; down. */
const MATRICES = [
  [HEADS * HEAD_DIM, HIDDEN],
  [2 * HEAD_DIM, HIDDEN],
  [HIDDEN, HEADS * HEAD_DIM],
  [2 * FFN, HIDDEN],
  [HIDDEN, FFN],
] as const;

/**
 * Attention of one Gemma 2B layer beside the layer's matrices, which are larger than the caches: so pages are as cold as
 * they are between two tokens of a whole model.
 */
export function benchAttention(bench: BenchMemory, kernels: Kernels): Promise<Timing[]> {
  const q = bench.randomFloats(PROMPT_ROWS * HEADS * HEAD_DIM, 41);
  const out = bench.take(PROMPT_ROWS * HEADS * HEAD_DIM * 4);
  const multiply = layerMatrices(bench, kernels);
  const actions: Action[] = [
    { name: "layer's matrices × 1 row", macs: weightCount(), run: () => multiply(1) },
    ...([16, 8] as const).flatMap((kvBits) =>
      CONTEXTS.map((tokens) => {
        const attend = attentionOver(bench, kernels, tokens, kvBits, q, out);
        return {
          name: attentionName(kvBits, `decode at ${tokens}`),
          macs: 2 * HEADS * HEAD_DIM * tokens,
          run: () => attend(1, tokens - 1),
        };
      }),
    ),
    {
      name: `layer's matrices × ${CHUNK_ROWS} rows`,
      macs: CHUNK_ROWS * weightCount(),
      run: () => multiply(CHUNK_ROWS),
    },
    ...([16, 8] as const).map((kvBits) => {
      const attend = attentionOver(bench, kernels, PROMPT_ROWS, kvBits, q, out);
      return {
        name: attentionName(kvBits, `prefill of ${PROMPT_ROWS}`),
        macs: HEADS * HEAD_DIM * PROMPT_ROWS * PROMPT_ROWS,
        run: () => {
          for (let position = 0; position < PROMPT_ROWS; position += CHUNK_ROWS) attend(CHUNK_ROWS, position);
        },
      };
    }),
  ];
  return timeInTurn(actions, ROUNDS);
}

export const attentionName = (kvBits: KvBits, what: string) =>
  `attention, ${kvBits === 8 ? "int8" : "float16"}, ${what}`;

const weightCount = () => MATRICES.reduce((sum, [outputs, columns]) => sum + outputs * columns, 0);

/** Attention of some rows over pages of its own. */
function attentionOver(
  bench: BenchMemory,
  kernels: Kernels,
  tokens: number,
  kvBits: KvBits,
  q: number,
  out: number,
): (rows: number, position: number) => void {
  const pages = Math.ceil(tokens / PAGE_TOKENS);
  const pageTable = bench.take(pages * 4);
  const table = new Uint32Array(bench.memory.buffer, pageTable, pages);
  for (let page = 0; page < pages; page++) table[page] = bench.take(kvLayerBytes(1, HEAD_DIM, kvBits));
  // Row by row the same numbers, which is nothing to attention.
  for (let position = 0; position < tokens; position += PROMPT_ROWS) {
    const rows = Math.min(PROMPT_ROWS, tokens - position);
    kernels.storeKv(q, q, rows, position, 1, HEAD_DIM, pageTable, 0, kvBits);
  }
  const scratch = bench.take(attentionScratchBytes(HEADS, HEAD_DIM, kvBits));
  return (rows, position) =>
    kernels.attention(
      ...([q, rows, position, HEADS, 1, HEAD_DIM] as const),
      ...([1 / 16, 0, 0, pageTable, 0, scratch, out, kvBits] as const),
    );
}

/** All products of a layer for some rows. */
function layerMatrices(bench: BenchMemory, kernels: Kernels): (rows: number) => void {
  const largest = Math.max(...MATRICES.map(([outputs, columns]) => outputs * columns));
  const stored = bench.randomBytes(largest / 2, 42);
  const scales = bench.randomHalves(largest / 32, 43, 0.01);
  const places = MATRICES.map(([outputs, columns]) => {
    const weights = bench.take(q4Bytes(outputs, columns));
    kernels.repackQ4(stored, scales, 0, outputs, columns, outputs, weights);
    return weights;
  });
  const activations = bench.take(CHUNK_ROWS * activationRowBytes(FFN, 8));
  const x = bench.randomFloats(CHUNK_ROWS * FFN, 44);
  const y = bench.take(CHUNK_ROWS * 2 * FFN * 4);
  return (rows) => {
    for (const [index, [outputs, columns]] of MATRICES.entries()) {
      kernels.quantizeActivations(x, rows, columns, 8, activations);
      kernels.matmulQ4(activations, rows, columns, 8, places[index]!, outputs, y);
    }
  };
}
