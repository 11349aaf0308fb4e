import { ATTENTION_ROWS, PAGE_TOKENS } from "./layout";
import { exponential, hyperbolicTangent } from "./vector/exponential";
import { HALF_FACTOR, HALF_MASK, loadHalves } from "./vector/half";
import { maxOfLanes, sumOfLanes, sumsOfLanes } from "./vector/sums";

/**
 * Kernels.attention. A tile of keys and of values is converted once for all rows and heads that share it; each (row,
 * head) then goes through it with its running maximum and sum, kept in scratch, and its weighted values, kept in `out`.
 */
export function attention(
  q: usize,
  rows: u32,
  position: u32,
  heads: u32,
  kvHeads: u32,
  headDim: u32,
  scale: f32,
  softCap: f32,
  window: u32,
  pageTable: usize,
  layerOffset: u32,
  scratch: usize,
  out: usize,
  kvBits: u32,
): void {
  const group = heads / kvHeads;
  const headBytes = headDim << 2;
  const rowBytes = heads * headBytes;
  const kvBytes: u32 = PAGE_TOKENS * (kvBits === 32 ? headBytes : headDim << 1);
  let keys = scratch;
  let values = keys + PAGE_TOKENS * headBytes;
  const weights = values + PAGE_TOKENS * headBytes;
  const states = weights + (PAGE_TOKENS << 2);
  while (rows > 0) {
    const chunk = min(rows, ATTENTION_ROWS);
    const end = position + chunk;
    memory.fill(out, 0, chunk * rowBytes);
    for (let state: u32 = 0; state < chunk * heads; state++) {
      store<f32>(states + (state << 3), -Infinity);
      store<f32>(states + (state << 3), 0, 4);
    }
    const firstTile = firstVisible(position, window) / PAGE_TOKENS;
    for (let kvHead: u32 = 0; kvHead < kvHeads; kvHead++) {
      const firstHead = kvHead * group;
      for (let tile = firstTile; tile * PAGE_TOKENS < end; tile++) {
        const tileStart = tile * PAGE_TOKENS;
        const page: usize = load<u32>(pageTable + (tile << 2)) + layerOffset;
        const tokens = min(PAGE_TOKENS, end - tileStart);
        const pageKeys = page + kvHead * kvBytes;
        const pageValues = pageKeys + kvHeads * kvBytes;
        if (kvBits === 32) {
          keys = pageKeys;
          values = pageValues;
        } else {
          convert(pageKeys, tokens * headDim, keys);
          convert(pageValues, tokens * headDim, values);
        }
        // Rows before the tile see none of it; with a window neither do rows far behind it.
        for (let row = tileStart > position ? tileStart - position : 0; row < chunk; row++) {
          const visible = firstVisible(position + row, window);
          if (visible >= tileStart + PAGE_TOKENS) break;
          const first = visible > tileStart ? visible - tileStart : 0;
          const last = min(PAGE_TOKENS, position + row + 1 - tileStart);
          for (let head = firstHead; head < firstHead + group; head++) {
            const at = row * rowBytes + head * headBytes;
            const state = states + ((row * heads + head) << 3);
            scoreTile(q + at, keys, headBytes, first, last, scale, softCap, weights);
            const grown = shrinkToMaximum(weights, first, last, state, out + at, headBytes);
            weighTile(weights, first, last, grown, state);
            addValues(weights, first, last, values, headBytes, out + at);
          }
        }
      }
    }
    for (let head: u32 = 0; head < chunk * heads; head++) {
      const inverse = f32x4.splat(1 / load<f32>(states + (head << 3), 4));
      for (const next = out + headBytes; out < next; out += 16) v128.store(out, f32x4.mul(v128.load(out), inverse));
    }
    q += chunk * rowBytes;
    position += chunk;
    rows -= chunk;
  }
}

/** The first position that the row at `position` sees. */
function firstVisible(position: u32, window: u32): u32 {
  return window > 0 && position >= window ? position - window + 1 : 0;
}

/** `count` (a multiple of 16) float16 to float32. */
function convert(from: usize, count: u32, to: usize): void {
  const mask = i32x4.splat(HALF_MASK);
  const factor = i32x4.splat(HALF_FACTOR);
  for (const end = to + (count << 2); to < end; to += 64) {
    v128.store(to, loadHalves(from, mask, factor));
    v128.store(to, loadHalves(from + 8, mask, factor), 16);
    v128.store(to, loadHalves(from + 16, mask, factor), 32);
    v128.store(to, loadHalves(from + 24, mask, factor), 48);
    from += 32;
  }
}

/** Scores of the tile's tokens first … last − 1, four at a time; those beside them are anything. */
function scoreTile(
  q: usize,
  keys: usize,
  headBytes: u32,
  first: u32,
  last: u32,
  scale: f32,
  softCap: f32,
  weights: usize,
): void {
  const scales = f32x4.splat(scale);
  const caps = f32x4.splat(softCap);
  const start = first & ~3;
  let key = keys + start * headBytes;
  for (let token = start; token < last; token += 4) {
    const key1 = key + headBytes;
    const key2 = key1 + headBytes;
    const key3 = key2 + headBytes;
    let s0 = f32x4.splat(0);
    let s1 = f32x4.splat(0);
    let s2 = f32x4.splat(0);
    let s3 = f32x4.splat(0);
    for (let offset: u32 = 0; offset < headBytes; offset += 16) {
      const query = v128.load(q + offset);
      s0 = f32x4.add(s0, f32x4.mul(query, v128.load(key + offset)));
      s1 = f32x4.add(s1, f32x4.mul(query, v128.load(key1 + offset)));
      s2 = f32x4.add(s2, f32x4.mul(query, v128.load(key2 + offset)));
      s3 = f32x4.add(s3, f32x4.mul(query, v128.load(key3 + offset)));
    }
    let score = f32x4.mul(sumsOfLanes(s0, s1, s2, s3), scales);
    if (softCap > 0) score = f32x4.mul(caps, hyperbolicTangent(f32x4.div(score, caps)));
    v128.store(weights + (token << 2), score);
    key = key3 + headBytes;
  }
}

/** All bits set in the lanes `token` … `token` + 3 that lie in first … last − 1. */
function visibleLanes(token: u32, first: u32, last: u32): v128 {
  const tokens = i32x4.add(i32x4.splat(token), i32x4(0, 1, 2, 3));
  return v128.and(i32x4.ge_s(tokens, i32x4.splat(first)), i32x4.lt_s(tokens, i32x4.splat(last)));
}

/** Raises the running maximum to the tile's, shrinks sum and weighted values to match, and returns the maximum. */
function shrinkToMaximum(weights: usize, first: u32, last: u32, state: usize, out: usize, headBytes: u32): f32 {
  const lowest = f32x4.splat(-Infinity);
  const maximum = load<f32>(state);
  let largest = f32x4.splat(maximum);
  for (let token = first & ~3; token < last; token += 4) {
    const scores = v128.load(weights + (token << 2));
    largest = f32x4.pmax(largest, v128.bitselect(scores, lowest, visibleLanes(token, first, last)));
  }
  const grown = maxOfLanes(largest);
  if (!(grown > maximum)) return maximum;
  const factor = exponential(f32x4.splat(maximum - grown));
  store<f32>(state, grown);
  store<f32>(state, load<f32>(state, 4) * f32x4.extract_lane(factor, 0), 4);
  for (const end = out + headBytes; out < end; out += 16) v128.store(out, f32x4.mul(v128.load(out), factor));
  return grown;
}

/** Turns scores into e^(score − maximum), 0 where not visible, and adds them to the running sum. */
function weighTile(weights: usize, first: u32, last: u32, maximum: f32, state: usize): void {
  const max = f32x4.splat(maximum);
  let sums = f32x4.splat(0);
  for (let token = first & ~3; token < last; token += 4) {
    const at = weights + (token << 2);
    const weight = v128.and(exponential(f32x4.sub(v128.load(at), max)), visibleLanes(token, first, last));
    v128.store(at, weight);
    sums = f32x4.add(sums, weight);
  }
  store<f32>(state, load<f32>(state, 4) + sumOfLanes(sums), 4);
}

/** out += Σ weight · value, a token after the other, sixteen dimensions at a time. */
function addValues(weights: usize, first: u32, last: u32, values: usize, headBytes: u32, out: usize): void {
  for (let offset: u32 = 0; offset < headBytes; offset += 64) {
    let o0 = v128.load(out + offset);
    let o1 = v128.load(out + offset, 16);
    let o2 = v128.load(out + offset, 32);
    let o3 = v128.load(out + offset, 48);
    let value = values + first * headBytes + offset;
    for (let token = first; token < last; token++) {
      const weight = v128.load32_splat(weights + (token << 2));
      o0 = f32x4.add(o0, f32x4.mul(weight, v128.load(value)));
      o1 = f32x4.add(o1, f32x4.mul(weight, v128.load(value, 16)));
      o2 = f32x4.add(o2, f32x4.mul(weight, v128.load(value, 32)));
      o3 = f32x4.add(o3, f32x4.mul(weight, v128.load(value, 48)));
      value += headBytes;
    }
    v128.store(out + offset, o0);
    v128.store(out + offset, o1, 16);
    v128.store(out + offset, o2, 32);
    v128.store(out + offset, o3, 48);
  }
}
