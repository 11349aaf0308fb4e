import { TILE_WEIGHTS } from "./layout";
import { capScores } from "./vector/scores";
import { addProduct, sumsOfLanes } from "./vector/sums";

/*
 * Scores of a tile's tokens first … last − 1, four at a time (those beside them are anything): a dot product of query and
 * key in four sums by dimension, then scale and soft cap.
 */

/** One head. */
export function scoreOne(
  q: usize,
  keys: usize,
  headBytes: u32,
  first: u32,
  last: u32,
  scale: f32,
  softCap: f32,
  weights: usize,
): void {
  for (let token = first & ~3; token < last; token += 4) {
    let key = keys + token * headBytes;
    let s0 = f32x4.splat(0);
    let s1 = f32x4.splat(0);
    let s2 = f32x4.splat(0);
    let s3 = f32x4.splat(0);
    let query = q;
    for (const end = q + headBytes; query < end; query += 32) {
      const key1 = key + headBytes;
      const key2 = key1 + headBytes;
      const key3 = key2 + headBytes;
      let part = v128.load(query);
      s0 = addProduct(s0, part, v128.load(key));
      s1 = addProduct(s1, part, v128.load(key1));
      s2 = addProduct(s2, part, v128.load(key2));
      s3 = addProduct(s3, part, v128.load(key3));
      part = v128.load(query, 16);
      s0 = addProduct(s0, part, v128.load(key, 16));
      s1 = addProduct(s1, part, v128.load(key1, 16));
      s2 = addProduct(s2, part, v128.load(key2, 16));
      s3 = addProduct(s3, part, v128.load(key3, 16));
      key += 32;
    }
    v128.store(weights + (token << 2), capScores(scaled(sumsOfLanes(s0, s1, s2, s3), scale), softCap));
  }
}

/** Two heads that follow each other at `q`; the second one's scores go TILE_WEIGHTS bytes behind the first one's. */
export function scorePair(
  q: usize,
  keys: usize,
  headBytes: u32,
  first: u32,
  last: u32,
  scale: f32,
  softCap: f32,
  weights: usize,
): void {
  for (let token = first & ~3; token < last; token += 4) {
    let key = keys + token * headBytes;
    let a0 = f32x4.splat(0);
    let a1 = f32x4.splat(0);
    let a2 = f32x4.splat(0);
    let a3 = f32x4.splat(0);
    let b0 = f32x4.splat(0);
    let b1 = f32x4.splat(0);
    let b2 = f32x4.splat(0);
    let b3 = f32x4.splat(0);
    let query = q;
    for (const end = q + headBytes; query < end; query += 32) {
      const key1 = key + headBytes;
      const key2 = key1 + headBytes;
      const key3 = key2 + headBytes;
      const other = query + headBytes;
      let a = v128.load(query);
      let b = v128.load(other);
      let k = v128.load(key);
      a0 = addProduct(a0, a, k);
      b0 = addProduct(b0, b, k);
      k = v128.load(key1);
      a1 = addProduct(a1, a, k);
      b1 = addProduct(b1, b, k);
      k = v128.load(key2);
      a2 = addProduct(a2, a, k);
      b2 = addProduct(b2, b, k);
      k = v128.load(key3);
      a3 = addProduct(a3, a, k);
      b3 = addProduct(b3, b, k);
      a = v128.load(query, 16);
      b = v128.load(other, 16);
      k = v128.load(key, 16);
      a0 = addProduct(a0, a, k);
      b0 = addProduct(b0, b, k);
      k = v128.load(key1, 16);
      a1 = addProduct(a1, a, k);
      b1 = addProduct(b1, b, k);
      k = v128.load(key2, 16);
      a2 = addProduct(a2, a, k);
      b2 = addProduct(b2, b, k);
      k = v128.load(key3, 16);
      a3 = addProduct(a3, a, k);
      b3 = addProduct(b3, b, k);
      key += 32;
    }
    const at = weights + (token << 2);
    v128.store(at, capScores(scaled(sumsOfLanes(a0, a1, a2, a3), scale), softCap));
    v128.store(at + TILE_WEIGHTS, capScores(scaled(sumsOfLanes(b0, b1, b2, b3), scale), softCap));
  }
}

function scaled(dots: v128, scale: f32): v128 {
  return f32x4.mul(dots, f32x4.splat(scale));
}
