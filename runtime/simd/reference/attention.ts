import type { KvBits } from "../../engine.ts";
import { PAGE_TOKENS } from "../layout.ts";
import { exponential, hyperbolicTangent } from "./exponential.ts";
import { readFixedKv } from "./fixed-kv.ts";
import { readFloatKv } from "./float-kv.ts";
import { sumOfLanes } from "./kv-reader.ts";
import type { MemoryViews } from "./memory-views.ts";

const float = Math.fround;

/** Kernels.attention: one row and head at a time, a tile of keys at a time. */
export function attention(
  views: MemoryViews,
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
  kvBits: KvBits = 16,
): void {
  const { u32, f32 } = views;
  const kv = kvBits === 8 ? readFixedKv(views, kvHeads, headDim) : readFloatKv(views, kvHeads, headDim, kvBits);
  const weights = new Float32Array(PAGE_TOKENS);
  for (let row = 0; row < rows; row++) {
    const end = position + row + 1;
    const begin = window > 0 ? Math.max(0, end - window) : 0;
    for (let head = 0; head < heads; head++) {
      const at = (row * heads + head) * headDim;
      const score = kv.scorer(q / 4 + at, float(scale));
      const result = f32.subarray(out / 4 + at, out / 4 + at + headDim);
      const kvHead = Math.floor(head / (heads / kvHeads));
      result.fill(0);
      let max = Number.NEGATIVE_INFINITY;
      let sum = 0;
      for (let tile = Math.floor(begin / PAGE_TOKENS); tile * PAGE_TOKENS < end; tile++) {
        const page = u32[pageTable / 4 + tile]! + layerOffset;
        const first = Math.max(0, begin - tile * PAGE_TOKENS);
        const last = Math.min(PAGE_TOKENS, end - tile * PAGE_TOKENS);

        let tileMax = max;
        weights.fill(0);
        for (let token = first; token < last; token++) {
          weights[token] = capped(score(page, kvHead, token), float(softCap));
          if (weights[token]! > tileMax) tileMax = weights[token]!;
        }
        if (tileMax > max) {
          const shrink = exponential(float(max - tileMax));
          sum = float(sum * shrink);
          for (let i = 0; i < headDim; i++) result[i] = result[i]! * shrink;
          max = tileMax;
        }
        for (let token = first; token < last; token++) weights[token] = exponential(float(weights[token]! - max));
        sum = float(sum + sumOfLanes(weights));
        kv.addValues(page, kvHead, weights, first, last, result);
      }
      const inverse = float(1 / sum);
      for (let i = 0; i < headDim; i++) result[i] = result[i]! * inverse;
    }
  }
}

const capped = (score: number, cap: number) => (cap > 0 ? float(cap * hyperbolicTangent(float(score / cap))) : score);
