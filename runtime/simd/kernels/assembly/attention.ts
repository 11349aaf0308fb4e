import { scoreOne, scorePair } from "./attention-scores";
import { addOneValues, addPairValues } from "./attention-values";
import { ATTENTION_ROWS, PAGE_TOKENS, TILE_WEIGHTS } from "./layout";
import { hiddenZero } from "./vector/constants";
import { exponential } from "./vector/exponential";
import { HALF_FACTOR, HALF_MASK, loadHalves } from "./vector/half";
import { maxOfLanes, sumOfLanes } from "./vector/sums";

/**
 * Kernels.attention. A tile of keys and of values is converted once for all rows and heads that share it; each (row,
 * head), two heads at once, goes through it with its running maximum and sum, kept in scratch, and its weighted values,
 * kept in `out`.
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
  const states = weights + 2 * TILE_WEIGHTS;
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
          convert(pageKeys, tokens * headBytes, keys);
          convert(pageValues, tokens * headBytes, values);
        }
        // Rows before the tile see none of it; with a window neither do rows far behind it.
        for (let row = tileStart > position ? tileStart - position : 0; row < chunk; row++) {
          const visible = firstVisible(position + row, window);
          if (visible >= tileStart + PAGE_TOKENS) break;
          const first = visible > tileStart ? visible - tileStart : 0;
          const last = min(PAGE_TOKENS, position + row + 1 - tileStart);
          let at = row * rowBytes + firstHead * headBytes;
          let state = states + ((row * heads + firstHead) << 3);
          for (const pairs = at + (group & ~1) * headBytes; at < pairs; at += headBytes << 1) {
            scorePair(q + at, keys, headBytes, first, last, scale, softCap, weights);
            weighTile(weights, first, last, state, out + at, headBytes);
            weighTile(weights + TILE_WEIGHTS, first, last, state + 8, out + at + headBytes, headBytes);
            addPairValues(weights, first, last, values, headBytes, out + at);
            state += 16;
          }
          if (group & 1) {
            scoreOne(q + at, keys, headBytes, first, last, scale, softCap, weights);
            weighTile(weights, first, last, state, out + at, headBytes);
            addOneValues(weights, first, last, values, headBytes, out + at);
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

/** The float16 of some tokens to `bytes` (a multiple of 64) of float32. */
function convert(from: usize, bytes: u32, to: usize): void {
  const zero = hiddenZero(bytes);
  const mask = i32x4.splat(HALF_MASK + zero);
  const factor = i32x4.splat(HALF_FACTOR + zero);
  for (const end = to + bytes; to < end; to += 64) {
    v128.store(to, loadHalves(from, mask, factor));
    v128.store(to, loadHalves(from + 8, mask, factor), 16);
    v128.store(to, loadHalves(from + 16, mask, factor), 32);
    v128.store(to, loadHalves(from + 24, mask, factor), 48);
    from += 32;
  }
}

/** All bits set in the lanes `token` … `token` + 3 that lie in first … last − 1. */
function visibleLanes(token: u32, first: u32, last: u32): v128 {
  const tokens = i32x4.add(i32x4.splat(token), i32x4(0, 1, 2, 3));
  return v128.and(i32x4.ge_s(tokens, i32x4.splat(first)), i32x4.lt_s(tokens, i32x4.splat(last)));
}

/**
 * Turns the tile's scores into e^(score − maximum), 0 where not visible, and adds them to the running sum. Where the
 * maximum grows, sum and weighted values shrink to match first.
 */
function weighTile(weights: usize, first: u32, last: u32, state: usize, out: usize, headBytes: u32): void {
  const max = f32x4.splat(raiseMaximum(weights, first, last, state, out, headBytes));
  let sums = f32x4.splat(0);
  for (let token = first & ~3; token < last; token += 4) {
    const at = weights + (token << 2);
    const weight = v128.and(exponential(f32x4.sub(v128.load(at), max)), visibleLanes(token, first, last));
    v128.store(at, weight);
    sums = f32x4.add(sums, weight);
  }
  store<f32>(state, load<f32>(state, 4) + sumOfLanes(sums), 4);
}

function raiseMaximum(weights: usize, first: u32, last: u32, state: usize, out: usize, headBytes: u32): f32 {
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
