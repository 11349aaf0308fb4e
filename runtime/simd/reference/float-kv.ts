import { PAGE_TOKENS } from "../layout.ts";
import { floatOfHalf } from "./half.ts";
import { type KvReader, sumOfLanes } from "./kv-reader.ts";
import type { MemoryViews } from "./memory-views.ts";

const float = Math.fround;

/** Pages of float16 or float32; everything is computed in float32. */
export function readFloatKv({ u16, f32 }: MemoryViews, kvHeads: number, headDim: number, kvBits: 16 | 32): KvReader {
  const read = kvBits === 32 ? (index: number) => f32[index]! : (index: number) => floatOfHalf(u16[index]!);
  const keyAt = (page: number, kvHead: number, token: number) =>
    page / (kvBits / 8) + (kvHead * PAGE_TOKENS + token) * headDim;
  return {
    scorer: (query, scale) => (page, kvHead, token) => {
      const key = keyAt(page, kvHead, token);
      const products = new Float32Array(headDim);
      for (let i = 0; i < headDim; i++) products[i] = f32[query + i]! * read(key + i);
      return float(sumOfLanes(products) * scale);
    },
    addValues(page, kvHead, weights, first, last, result) {
      for (let token = first; token < last; token++) {
        const value = keyAt(page, kvHeads + kvHead, token);
        for (let i = 0; i < headDim; i++) result[i] = result[i]! + float(weights[token]! * read(value + i));
      }
    },
  };
}
