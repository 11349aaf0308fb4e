import { largestMagnitude, stepSize, stepsInOne } from "./fixed-point";
import { BLOCK, planeBytes, planeScales, planeSums, SEGMENT } from "./layout";
import { ROUNDER } from "./vector/exponential";

const MAX_WIDE: f32 = 32512;
const WIDE_BASE: f32 = 255;

/** Kernels.quantizeActivations. */
export function quantizeActivations(x: usize, rows: u32, columns: u32, bits: u32, activations: usize): void {
  const scales = planeScales(columns);
  const bytes = planeBytes(columns);
  const wide = bits === 16;
  for (let row: u32 = 0; row < rows; row++) {
    for (let start: u32 = 0; start < columns; start += SEGMENT) {
      const end = min(start + SEGMENT, columns);
      const largest = largestMagnitude(x + (start << 2), x + (end << 2));
      const digits: f32 = wide ? MAX_WIDE : 127;
      const factor = stepsInOne(largest, digits);
      const scale = stepSize(largest, digits);
      const scaleAt = activations + scales + (start / SEGMENT) * 4;
      if (wide) {
        store<f32>(scaleAt, scale * WIDE_BASE);
        store<f32>(scaleAt + bytes, scale);
      } else {
        store<f32>(scaleAt, scale);
      }
      for (let column = start; column < end; column += BLOCK) {
        quantizeBlock(x + (column << 2), factor, wide, activations, bytes, columns, column);
      }
    }
    x += columns << 2;
    activations += bytes * (bits >> 3);
  }
}

function quantizeBlock(x: usize, factor: f32, wide: bool, plane: usize, bytes: u32, columns: u32, column: u32): void {
  const rounder = f32x4.splat(ROUNDER);
  const factors = f32x4.splat(factor);
  const kept = i32x4.splat(factor > 0 ? -1 : 0);
  for (let part: u32 = 0; part < BLOCK; part += 16) {
    let q0 = roundedProduct(x, factors, rounder, kept);
    let q1 = roundedProduct(x + 16, factors, rounder, kept);
    let q2 = roundedProduct(x + 32, factors, rounder, kept);
    let q3 = roundedProduct(x + 48, factors, rounder, kept);
    if (wide) {
      const h0 = highDigit(q0, rounder);
      const h1 = highDigit(q1, rounder);
      const h2 = highDigit(q2, rounder);
      const h3 = highDigit(q3, rounder);
      storeBytes(plane, columns, column + part, integers(h0), integers(h1), integers(h2), integers(h3));
      q0 = lowDigit(q0, h0);
      q1 = lowDigit(q1, h1);
      q2 = lowDigit(q2, h2);
      q3 = lowDigit(q3, h3);
    }
    const last = wide ? plane + bytes : plane;
    storeBytes(last, columns, column + part, integers(q0), integers(q1), integers(q2), integers(q3));
    x += 64;
  }
  storeSums(plane, columns, column);
  if (wide) storeSums(plane + bytes, columns, column);
}

function roundedProduct(x: usize, factors: v128, rounder: v128, kept: v128): v128 {
  return v128.and(f32x4.sub(f32x4.add(f32x4.mul(v128.load(x), factors), rounder), rounder), kept);
}

function highDigit(q: v128, rounder: v128): v128 {
  return f32x4.sub(f32x4.add(f32x4.mul(q, f32x4.splat(1 / WIDE_BASE)), rounder), rounder);
}

function lowDigit(q: v128, high: v128): v128 {
  return f32x4.sub(q, f32x4.mul(high, f32x4.splat(WIDE_BASE)));
}

/** Integers of whole float32 of magnitude under 2²². */
function integers(q: v128): v128 {
  const rounder = f32x4.splat(ROUNDER);
  return i32x4.sub(f32x4.add(q, rounder), rounder);
}

/** Sixteen columns of a plane: int8, and int16 for products of two int16. */
function storeBytes(plane: usize, columns: u32, column: u32, q0: v128, q1: v128, q2: v128, q3: v128): void {
  const words0 = i16x8.narrow_i32x4_s(q0, q1);
  const words1 = i16x8.narrow_i32x4_s(q2, q3);
  v128.store(plane + column, i8x16.narrow_i16x8_s(words0, words1));
  const wide = plane + columns + (column << 1);
  if (ASC_FEATURE_RELAXED_SIMD) {
    v128.store(wide, words0);
    v128.store(wide, words1, 16);
    return;
  }
  // Per four columns 0, 2, 1, 3: the order in which 16-bit lanes of nibbles unpack.
  v128.store(wide, v128.shuffle<i16>(words0, words0, 0, 2, 1, 3, 4, 6, 5, 7));
  v128.store(wide, v128.shuffle<i16>(words1, words1, 0, 2, 1, 3, 4, 6, 5, 7), 16);
}

/** −8 · Σ of a block's columns 0, 1 mod 4 and 2, 3 mod 4. */
function storeSums(plane: usize, columns: u32, column: u32): void {
  const pairs = i16x8.add(
    i16x8.extadd_pairwise_i8x16_s(v128.load(plane + column)),
    i16x8.extadd_pairwise_i8x16_s(v128.load(plane + column, 16)),
  );
  const halves = i16x8.add(pairs, v128.shuffle<i32>(pairs, pairs, 2, 3, 0, 1));
  const sums = i16x8.mul(i16x8.add(halves, v128.shuffle<i32>(halves, halves, 1, 0, 3, 2)), i16x8.splat(-8));
  v128.store_lane<i32>(plane + planeSums(columns) + (column / BLOCK) * 4, sums, 0);
}
