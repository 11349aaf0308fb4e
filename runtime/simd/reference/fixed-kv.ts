import { FIXED_STEPS, KV_STEPS, PAGE_TOKENS } from "../layout.ts";
import { quantize } from "./fixed-point.ts";
import { hadamard, hadamardGain } from "./hadamard.ts";
import type { KvReader } from "./kv-reader.ts";
import type { MemoryViews } from "./memory-views.ts";

const float = Math.fround;
const LARGEST = 65_504;

/** Indices of one head's key bytes, value bytes and scales in a layer's 8-bit page (layout.ts). */
function places(page: number, kvHeads: number, headDim: number, kvHead: number) {
  const bytes = PAGE_TOKENS * headDim;
  const scales = (page + 2 * kvHeads * bytes) / 4;
  return {
    key: (token: number, i: number) => page + kvHead * bytes + token * headDim + i,
    value: (token: number, i: number) =>
      page + (kvHeads + kvHead) * bytes + (token >> 1) * 2 * headDim + 2 * i + (token & 1),
    keyScale: (token: number) => scales + kvHead * PAGE_TOKENS + token,
    valueScale: (token: number) => scales + (kvHeads + kvHead) * PAGE_TOKENS + token,
  };
}

/** Writes the key and value of one token and head as Kernels.storeKv does with 8 bits. */
export function storeFixedKv(
  { i8, f32 }: MemoryViews,
  k: Float32Array,
  v: Float32Array,
  page: number,
  kvHeads: number,
  kvHead: number,
  token: number,
): void {
  const headDim = k.length;
  const place = places(page, kvHeads, headDim, kvHead);
  const keys = quantize(hadamard(k.map(finite)), KV_STEPS);
  const values = quantize(v.map(finite), KV_STEPS);
  for (let i = 0; i < headDim; i++) {
    i8[place.key(token, i)] = keys.integers[i]!;
    i8[place.value(token, i)] = values.integers[i]!;
  }
  f32[place.keyScale(token)] = keys.step;
  f32[place.valueScale(token)] = values.step;
}

const finite = (x: number) => (Math.abs(x) <= LARGEST ? x : x < 0 ? -LARGEST : LARGEST);

/** Pages of 8 bits: queries and weights become integers, whose products with keys and values are exact. */
export function readFixedKv({ i8, f32 }: MemoryViews, kvHeads: number, headDim: number): KvReader {
  return {
    scorer(query, scale) {
      const { integers, step } = quantize(hadamard(f32.slice(query, query + headDim)), FIXED_STEPS);
      const unit = float(step * float(scale / hadamardGain(headDim)));
      return (page, kvHead, token) => {
        const { key, keyScale } = places(page, kvHeads, headDim, kvHead);
        let dot = 0;
        for (let i = 0; i < headDim; i++) dot += integers[i]! * i8[key(token, i)]!;
        return float(float(float(dot) * f32[keyScale(token)]!) * unit);
      };
    },
    addValues(page, kvHead, weights, first, last, result) {
      const { value, valueScale } = places(page, kvHeads, headDim, kvHead);
      const scaled = new Float32Array(PAGE_TOKENS);
      for (let token = first; token < last; token++) scaled[token] = weights[token]! * f32[valueScale(token)]!;
      const { integers, step } = quantize(scaled, FIXED_STEPS);
      for (let i = 0; i < headDim; i++) {
        let sum = 0;
        for (let token = first; token < last; token++) sum += integers[token]! * i8[value(token, i)]!;
        result[i] = result[i]! + float(float(sum) * step);
      }
    },
  };
}
