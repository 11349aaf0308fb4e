import type { KvBits } from "../../../../runtime/engine.ts";
import { attentionScratchBytes, KV_STEPS, kvLayerBytes, PAGE_TOKENS } from "../../../../runtime/simd/layout.ts";
import { quantize } from "../../../../runtime/simd/reference/fixed-point.ts";
import { hadamard, hadamardGain } from "../../../../runtime/simd/reference/hadamard.ts";
import { floatOfHalf, halfOf } from "../../../../runtime/simd/reference/half.ts";
import type { Arena } from "./arena.ts";
import { randomFloats } from "./random-data.ts";

export interface AttentionCase {
  readonly tokens: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly softCap: number;
  readonly window: number;
  readonly kvBits: KvBits;
  readonly q: Float32Array;
  readonly k: Float32Array;
  readonly v: Float32Array;
}

export type AttentionShape = Omit<AttentionCase, "q" | "k" | "v">;

const LAYER_OFFSET = 128;
const scaleOf = ({ headDim }: AttentionShape) => headDim ** -0.5;

export function randomAttention(shape: AttentionShape): AttentionCase {
  const { tokens, heads, kvHeads, headDim } = shape;
  return {
    ...shape,
    q: randomFloats(tokens * heads * headDim, 1, 6),
    k: randomFloats(tokens * kvHeads * headDim, 2, 2),
    v: randomFloats(tokens * kvHeads * headDim, 3, 2),
  };
}

/** Runs the whole prompt in chunks, storing keys and values before each; pages lie in memory in the given order. */
export function runAttention(arena: Arena, shape: AttentionCase, chunk: number, backwards = false): Float32Array {
  const { tokens, heads, kvHeads, headDim, softCap, window, kvBits } = shape;
  const pages = Array.from({ length: Math.ceil(tokens / PAGE_TOKENS) }, () =>
    arena.take(LAYER_OFFSET + kvLayerBytes(kvHeads, headDim, kvBits)),
  );
  const pageTable = arena.words(Uint32Array.from(backwards ? pages.reverse() : pages));
  const scratch = arena.take(attentionScratchBytes(heads, headDim, kvBits));
  const out = arena.take(tokens * heads * headDim * 4);
  const q = arena.floats(shape.q);
  const k = arena.floats(shape.k);
  const v = arena.floats(shape.v);
  for (let position = 0; position < tokens; position += chunk) {
    const rows = Math.min(chunk, tokens - position);
    const queryAt = position * heads * headDim * 4;
    const kvAt = position * kvHeads * headDim * 4;
    arena.kernels.storeKv(k + kvAt, v + kvAt, rows, position, kvHeads, headDim, pageTable, LAYER_OFFSET, kvBits);
    arena.kernels.attention(
      q + queryAt,
      rows,
      position,
      heads,
      kvHeads,
      headDim,
      scaleOf(shape),
      softCap,
      window,
      pageTable,
      LAYER_OFFSET,
      scratch,
      out + queryAt,
      kvBits,
    );
  }
  return arena.readFloats(out, tokens * heads * headDim);
}

/** Keys (transformed: they are kept so in 8 bits) or values [tokens, kvHeads, headDim] as pages of `kvBits` keep them. */
function stored(values: Float32Array, headDim: number, kvBits: KvBits, transformed: boolean): Float32Array {
  if (kvBits === 32) return values;
  if (kvBits === 16) return values.map((value) => floatOfHalf(halfOf(value)));
  const transform = (row: Float32Array) => (transformed ? hadamard(row) : row);
  const gain = transformed ? hadamardGain(headDim) : 1;
  const rounded = new Float32Array(values.length);
  for (let at = 0; at < values.length; at += headDim) {
    const { integers, step } = quantize(transform(values.slice(at, at + headDim)), KV_STEPS);
    // The transform is its own inverse, but for the gain.
    rounded.set(transform(integers.map((integer) => (integer * step) / gain)), at);
  }
  return rounded;
}

/** Attention in float64 over keys and values as pages of `kvBits` keep them. */
export function exactAttention(shape: AttentionCase, kvBits: KvBits = shape.kvBits): Float64Array {
  const { tokens, heads, kvHeads, headDim, softCap, window } = shape;
  const k = stored(shape.k, headDim, kvBits, true);
  const v = stored(shape.v, headDim, kvBits, false);
  const out = new Float64Array(tokens * heads * headDim);
  for (let row = 0; row < tokens; row++) {
    for (let head = 0; head < heads; head++) {
      const at = (row * heads + head) * headDim;
      const kvHead = Math.floor((head * kvHeads) / heads);
      const first = window > 0 ? Math.max(0, row - window + 1) : 0;
      const weights: number[] = [];
      for (let token = first; token <= row; token++) {
        let score = 0;
        for (let i = 0; i < headDim; i++) score += shape.q[at + i]! * k[(token * kvHeads + kvHead) * headDim + i]!;
        score *= scaleOf(shape);
        weights.push(softCap > 0 ? softCap * Math.tanh(score / softCap) : score);
      }
      const max = Math.max(...weights);
      const sum = weights.reduce((total, score) => total + Math.exp(score - max), 0);
      weights.forEach((score, offset) => {
        const weight = Math.exp(score - max) / sum;
        const value = ((first + offset) * kvHeads + kvHead) * headDim;
        for (let i = 0; i < headDim; i++) out[at + i]! += weight * v[value + i]!;
      });
    }
  }
  return out;
}
