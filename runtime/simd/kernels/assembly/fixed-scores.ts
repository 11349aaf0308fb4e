import { TILE_WEIGHTS } from "./layout";
import { addDots, integerSumsOfLanes, wideBytes } from "./vector/fixed";
import { capScores } from "./vector/scores";

/*
 * Scores of a tile's tokens first … last − 1, four at a time (those beside them are anything): the exact product of int16
 * query and int8 key, times the key's scale, times what a unit of that head is worth, then the soft cap.
 */

/** One head. */
export function scoreOne(
  query: usize,
  keys: usize,
  headDim: u32,
  first: u32,
  last: u32,
  scales: usize,
  unit: f32,
  softCap: f32,
  weights: usize,
): void {
  for (let token = first & ~3; token < last; token += 4) {
    let key = keys + token * headDim;
    let s0 = i32x4.splat(0);
    let s1 = i32x4.splat(0);
    let s2 = i32x4.splat(0);
    let s3 = i32x4.splat(0);
    let at = query;
    for (const end = key + headDim; key < end; key += 8) {
      const key1 = key + headDim;
      const key2 = key1 + headDim;
      const key3 = key2 + headDim;
      const part = v128.load(at);
      s0 = addDots(s0, part, wideBytes(key));
      s1 = addDots(s1, part, wideBytes(key1));
      s2 = addDots(s2, part, wideBytes(key2));
      s3 = addDots(s3, part, wideBytes(key3));
      at += 16;
    }
    const offset = token << 2;
    const dots = integerSumsOfLanes(s0, s1, s2, s3);
    v128.store(weights + offset, capScores(scaled(dots, scales + offset, unit), softCap));
  }
}

/** Two heads that follow each other at `query`; the second one's scores go TILE_WEIGHTS bytes behind the first one's. */
export function scorePair(
  query: usize,
  keys: usize,
  headDim: u32,
  first: u32,
  last: u32,
  scales: usize,
  unitA: f32,
  unitB: f32,
  softCap: f32,
  weights: usize,
): void {
  const queryBytes = headDim << 1;
  for (let token = first & ~3; token < last; token += 4) {
    let key = keys + token * headDim;
    let a0 = i32x4.splat(0);
    let a1 = i32x4.splat(0);
    let a2 = i32x4.splat(0);
    let a3 = i32x4.splat(0);
    let b0 = i32x4.splat(0);
    let b1 = i32x4.splat(0);
    let b2 = i32x4.splat(0);
    let b3 = i32x4.splat(0);
    let at = query;
    for (const end = key + headDim; key < end; key += 8) {
      const key1 = key + headDim;
      const key2 = key1 + headDim;
      const key3 = key2 + headDim;
      const a = v128.load(at);
      const b = v128.load(at + queryBytes);
      let k = wideBytes(key);
      a0 = addDots(a0, a, k);
      b0 = addDots(b0, b, k);
      k = wideBytes(key1);
      a1 = addDots(a1, a, k);
      b1 = addDots(b1, b, k);
      k = wideBytes(key2);
      a2 = addDots(a2, a, k);
      b2 = addDots(b2, b, k);
      k = wideBytes(key3);
      a3 = addDots(a3, a, k);
      b3 = addDots(b3, b, k);
      at += 16;
    }
    const offset = token << 2;
    const scoresA = scaled(integerSumsOfLanes(a0, a1, a2, a3), scales + offset, unitA);
    const scoresB = scaled(integerSumsOfLanes(b0, b1, b2, b3), scales + offset, unitB);
    v128.store(weights + offset, capScores(scoresA, softCap));
    v128.store(weights + offset + TILE_WEIGHTS, capScores(scoresB, softCap));
  }
}

function scaled(dots: v128, scales: usize, unit: f32): v128 {
  return f32x4.mul(f32x4.mul(f32x4.convert_i32x4_s(dots), v128.load(scales)), f32x4.splat(unit));
}
