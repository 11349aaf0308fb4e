import { PAGE_TOKENS } from "../layout.ts";
import { exponential, hyperbolicTangent } from "./exponential.ts";
import { floatOfHalf } from "./half.ts";
import type { MemoryViews } from "./memory-views.ts";

const float = Math.fround;

/** Kernels.attention: one row and head at a time, a tile of keys at a time. */
export function attention(
  { u16, u32, f32 }: MemoryViews,
  q: number,
  rows: number,
  position: number,
  heads: number,
  kvHeads: number,
  headDim: number,
  scale: number,
  softCap: number,
  window: number,
  pageTable: number,
  layerOffset: number,
  _scratch: number,
  out: number,
  kvBits = 16,
): void {
  const read = kvBits === 32 ? (index: number) => f32[index]! : (index: number) => floatOfHalf(u16[index]!);
  const weights = new Float32Array(PAGE_TOKENS);
  for (let row = 0; row < rows; row++) {
    const end = position + row + 1;
    const begin = window > 0 ? Math.max(0, end - window) : 0;
    for (let head = 0; head < heads; head++) {
      const query = q / 4 + (row * heads + head) * headDim;
      const result = f32.subarray(out / 4 + (row * heads + head) * headDim).subarray(0, headDim);
      const kvHead = Math.floor(head / (heads / kvHeads));
      result.fill(0);
      let max = Number.NEGATIVE_INFINITY;
      let sum = 0;
      for (let tile = Math.floor(begin / PAGE_TOKENS); tile * PAGE_TOKENS < end; tile++) {
        const page = u32[pageTable / 4 + tile]! + layerOffset;
        const keys = page / (kvBits / 8) + kvHead * PAGE_TOKENS * headDim;
        const values = keys + kvHeads * PAGE_TOKENS * headDim;
        const first = Math.max(0, begin - tile * PAGE_TOKENS);
        const last = Math.min(PAGE_TOKENS, end - tile * PAGE_TOKENS);

        let tileMax = max;
        weights.fill(0);
        for (let token = first; token < last; token++) {
          const score = score32(f32, query, read, keys + token * headDim, headDim, float(scale), float(softCap));
          weights[token] = score;
          if (score > tileMax) tileMax = score;
        }
        if (tileMax > max) {
          const shrink = exponential(float(max - tileMax));
          sum = float(sum * shrink);
          for (let i = 0; i < headDim; i++) result[i] = result[i]! * shrink;
          max = tileMax;
        }
        for (let token = first; token < last; token++) weights[token] = exponential(float(weights[token]! - max));
        sum = float(sum + sumOfLanes(weights));
        for (let token = first; token < last; token++) {
          const weight = weights[token]!;
          const value = values + token * headDim;
          for (let i = 0; i < headDim; i++) result[i] = result[i]! + float(weight * read(value + i));
        }
      }
      const inverse = float(1 / sum);
      for (let i = 0; i < headDim; i++) result[i] = result[i]! * inverse;
    }
  }
}

function score32(
  f32: Float32Array,
  query: number,
  read: (index: number) => number,
  key: number,
  headDim: number,
  scale: number,
  softCap: number,
): number {
  const lanes = new Float32Array(4);
  for (let i = 0; i < headDim; i++) {
    lanes[i % 4] = lanes[i % 4]! + float(f32[query + i]! * read(key + i));
  }
  const score = float(sumOfLanes(lanes) * scale);
  return softCap > 0 ? float(softCap * hyperbolicTangent(float(score / softCap))) : score;
}

/** Four sums by index modulo 4, then (0 + 2) + (1 + 3). */
function sumOfLanes(values: Float32Array): number {
  const lanes = new Float32Array(4);
  values.forEach((value, i) => {
    lanes[i % 4] = lanes[i % 4]! + value;
  });
  return float(float(lanes[0]! + lanes[2]!) + float(lanes[1]! + lanes[3]!));
}
