import { largestMagnitude, stepSize, stepsInOne } from "./fixed-point";
import { FIXED_STEPS, TILE_WEIGHTS } from "./layout";
import { addDots, nearestSteps, wideBytes } from "./vector/fixed";
import { addProduct } from "./vector/sums";

/*
 * out += Σ weight · value of a tile's tokens first … last − 1: weights times the values' scales become int16, so that a
 * tile's sum is exact. Values lie in pairs of tokens, sixteen dimensions go at a time.
 */

/** Weights times scales as int16 in their own place, two bytes a token; gives what one of them is worth. */
export function quantizeWeights(weights: usize, first: u32, last: u32, scales: usize): f32 {
  const begin = first & ~3;
  const from = weights + (begin << 2);
  const end = weights + (last << 2);
  const zero = f32x4.splat(0);
  // Beside tokens that are not visible, of weight 0, the scale may be anything.
  for (let at = from; at < end; at += 16) {
    const weight = v128.load(at);
    v128.store(at, v128.and(f32x4.mul(weight, v128.load(scales + (at - weights))), f32x4.gt(weight, zero)));
  }
  const largest = largestMagnitude(from, end);
  const factor = stepsInOne(largest, FIXED_STEPS);
  const factors = f32x4.splat(factor);
  const kept = i32x4.splat(factor > 0 ? -1 : 0);
  let to = weights + (begin << 1);
  for (let at = from; at < end; at += 16) {
    const steps = v128.and(nearestSteps(v128.load(at), factors), kept);
    v128.store64_lane(to, i16x8.narrow_i32x4_s(steps, steps), 0);
    to += 8;
  }
  return stepSize(largest, FIXED_STEPS);
}

/** One head. */
export function addOneValues(
  weights: usize,
  first: u32,
  last: u32,
  values: usize,
  headDim: u32,
  step: f32,
  out: usize,
): void {
  const steps = f32x4.splat(step);
  const pairBytes = headDim << 1;
  const begin = weights + ((first & ~1) << 1);
  const weightsEnd = weights + (last << 1);
  values += (first >> 1) * pairBytes;
  for (const end = out + (headDim << 2); out < end; out += 64) {
    let s0 = i32x4.splat(0);
    let s1 = i32x4.splat(0);
    let s2 = i32x4.splat(0);
    let s3 = i32x4.splat(0);
    let value = values;
    for (let at = begin; at < weightsEnd; at += 4) {
      const weight = v128.load32_splat(at);
      s0 = addDots(s0, weight, wideBytes(value));
      s1 = addDots(s1, weight, wideBytes(value + 8));
      s2 = addDots(s2, weight, wideBytes(value + 16));
      s3 = addDots(s3, weight, wideBytes(value + 24));
      value += pairBytes;
    }
    addSteps(out, s0, steps);
    addSteps(out + 16, s1, steps);
    addSteps(out + 32, s2, steps);
    addSteps(out + 48, s3, steps);
    values += 32;
  }
}

/** Two heads that follow each other at `out`; the second one's weights lie TILE_WEIGHTS bytes behind the first one's. */
export function addPairValues(
  weights: usize,
  first: u32,
  last: u32,
  values: usize,
  headDim: u32,
  stepA: f32,
  stepB: f32,
  out: usize,
): void {
  const stepsA = f32x4.splat(stepA);
  const stepsB = f32x4.splat(stepB);
  const pairBytes = headDim << 1;
  const headBytes = headDim << 2;
  const begin = weights + ((first & ~1) << 1);
  const weightsEnd = weights + (last << 1);
  values += (first >> 1) * pairBytes;
  for (const end = out + headBytes; out < end; out += 64) {
    let a0 = i32x4.splat(0);
    let a1 = i32x4.splat(0);
    let a2 = i32x4.splat(0);
    let a3 = i32x4.splat(0);
    let b0 = i32x4.splat(0);
    let b1 = i32x4.splat(0);
    let b2 = i32x4.splat(0);
    let b3 = i32x4.splat(0);
    let value = values;
    for (let at = begin; at < weightsEnd; at += 4) {
      const a = v128.load32_splat(at);
      const b = v128.load32_splat(at, TILE_WEIGHTS);
      let part = wideBytes(value);
      a0 = addDots(a0, a, part);
      b0 = addDots(b0, b, part);
      part = wideBytes(value + 8);
      a1 = addDots(a1, a, part);
      b1 = addDots(b1, b, part);
      part = wideBytes(value + 16);
      a2 = addDots(a2, a, part);
      b2 = addDots(b2, b, part);
      part = wideBytes(value + 24);
      a3 = addDots(a3, a, part);
      b3 = addDots(b3, b, part);
      value += pairBytes;
    }
    addSteps(out, a0, stepsA);
    addSteps(out + 16, a1, stepsA);
    addSteps(out + 32, a2, stepsA);
    addSteps(out + 48, a3, stepsA);
    const other = out + headBytes;
    addSteps(other, b0, stepsB);
    addSteps(other + 16, b1, stepsB);
    addSteps(other + 32, b2, stepsB);
    addSteps(other + 48, b3, stepsB);
    values += 32;
  }
}

function addSteps(out: usize, sums: v128, steps: v128): void {
  v128.store(out, addProduct(v128.load(out), f32x4.convert_i32x4_s(sums), steps));
}
