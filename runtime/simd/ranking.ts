import { bestIndices } from "../sampling/best.ts";
import type { Ranking } from "../sampling/select.ts";
import type { Kernels } from "./kernels.ts";

/** The most rows the kernels rank; a sampler asks for no more at first. */
const RANKED_ROWS = 64;
const WORD_BYTES = 4;

/** Bytes of memory a ranking needs. */
export const RANKING_BYTES = 2 * RANKED_ROWS * WORD_BYTES;

/**
 * Ranks logits that lie in `memory` by kernel; others (edited ones), and more than RANKED_ROWS of them, in TypeScript.
 * `scratch` is the offset of RANKING_BYTES. The order is the same either way.
 */
export function createRanking(memory: WebAssembly.Memory, kernels: Kernels, scratch: number): Ranking {
  const indices = new Uint32Array(memory.buffer, scratch, RANKED_ROWS);
  const values = scratch + RANKED_ROWS * WORD_BYTES;
  return (logits, count) => {
    const { buffer, byteOffset, length } = logits;
    // Kernels take offsets in steps of 16 bytes, and where a batch's later rows begin the table's size decides.
    if (buffer !== memory.buffer || byteOffset % 16 !== 0 || count > RANKED_ROWS) return bestIndices(logits, count);
    if (count === 1 && length > 0) return Uint32Array.of(kernels.argmax(byteOffset, length));
    return indices.slice(0, kernels.topK(byteOffset, length, count, scratch, values));
  };
}
