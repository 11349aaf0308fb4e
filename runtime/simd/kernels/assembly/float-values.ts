import { TILE_WEIGHTS } from "./layout";
import { addProduct } from "./vector/sums";

/* out += Σ weight · value of a tile's tokens first … last − 1, a token after the other, sixteen dimensions at a time. */

/** One head. */
export function addOneValues(weights: usize, first: u32, last: u32, values: usize, headBytes: u32, out: usize): void {
  const weightsEnd = weights + (last << 2);
  for (const end = out + headBytes; out < end; out += 64) {
    let o0 = v128.load(out);
    let o1 = v128.load(out, 16);
    let o2 = v128.load(out, 32);
    let o3 = v128.load(out, 48);
    let value = values + first * headBytes;
    for (let at = weights + (first << 2); at < weightsEnd; at += 4) {
      const weight = v128.load32_splat(at);
      o0 = addProduct(o0, weight, v128.load(value));
      o1 = addProduct(o1, weight, v128.load(value, 16));
      o2 = addProduct(o2, weight, v128.load(value, 32));
      o3 = addProduct(o3, weight, v128.load(value, 48));
      value += headBytes;
    }
    v128.store(out, o0);
    v128.store(out, o1, 16);
    v128.store(out, o2, 32);
    v128.store(out, o3, 48);
    values += 64;
  }
}

/** Two heads that follow each other at `out`; the second one's weights lie TILE_WEIGHTS bytes behind the first one's. */
export function addPairValues(weights: usize, first: u32, last: u32, values: usize, headBytes: u32, out: usize): void {
  const weightsEnd = weights + (last << 2);
  for (const end = out + headBytes; out < end; out += 64) {
    const other = out + headBytes;
    let a0 = v128.load(out);
    let a1 = v128.load(out, 16);
    let a2 = v128.load(out, 32);
    let a3 = v128.load(out, 48);
    let b0 = v128.load(other);
    let b1 = v128.load(other, 16);
    let b2 = v128.load(other, 32);
    let b3 = v128.load(other, 48);
    let value = values + first * headBytes;
    for (let at = weights + (first << 2); at < weightsEnd; at += 4) {
      const a = v128.load32_splat(at);
      const b = v128.load32_splat(at + TILE_WEIGHTS);
      let part = v128.load(value);
      a0 = addProduct(a0, a, part);
      b0 = addProduct(b0, b, part);
      part = v128.load(value, 16);
      a1 = addProduct(a1, a, part);
      b1 = addProduct(b1, b, part);
      part = v128.load(value, 32);
      a2 = addProduct(a2, a, part);
      b2 = addProduct(b2, b, part);
      part = v128.load(value, 48);
      a3 = addProduct(a3, a, part);
      b3 = addProduct(b3, b, part);
      value += headBytes;
    }
    v128.store(out, a0);
    v128.store(out, a1, 16);
    v128.store(out, a2, 32);
    v128.store(out, a3, 48);
    v128.store(other, b0);
    v128.store(other, b1, 16);
    v128.store(other, b2, 32);
    v128.store(other, b3, 48);
    values += 64;
  }
}
