import { clearStates, divideBySums, firstVisible, weighTile } from "./attention-softmax";
import { scoreOne, scorePair } from "./float-scores";
import { addOneValues, addPairValues } from "./float-values";
import { ATTENTION_ROWS, PAGE_TOKENS, TILE_WEIGHTS } from "./layout";
import { hiddenZero } from "./vector/constants";
import { HALF_FACTOR, HALF_MASK, loadHalves } from "./vector/half";

/** The running maximum and sum. */
const STATE_BYTES: u32 = 8;

/**
 * Kernels.attention over float16 or float32. A tile of keys and of values is converted once for all rows and heads that share it; each (row,
 * head), two heads at once, goes through it with its running maximum and sum, kept in scratch, and its weighted values,
 * kept in `out`.
 */
export function floatAttention(
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
  float32: bool,
): void {
  const group = heads / kvHeads;
  const headBytes = headDim << 2;
  const rowBytes = heads * headBytes;
  const kvBytes: u32 = PAGE_TOKENS * (float32 ? headBytes : headDim << 1);
  let keys = scratch;
  let values = keys + PAGE_TOKENS * headBytes;
  const weights = values + PAGE_TOKENS * headBytes;
  const states = weights + 2 * TILE_WEIGHTS;
  while (rows > 0) {
    const chunk = min(rows, ATTENTION_ROWS);
    const end = position + chunk;
    memory.fill(out, 0, chunk * rowBytes);
    clearStates(states, chunk * heads, STATE_BYTES);
    const firstTile = firstVisible(position, window) / PAGE_TOKENS;
    for (let kvHead: u32 = 0; kvHead < kvHeads; kvHead++) {
      const firstHead = kvHead * group;
      for (let tile = firstTile; tile * PAGE_TOKENS < end; tile++) {
        const tileStart = tile * PAGE_TOKENS;
        const page: usize = load<u32>(pageTable + (tile << 2)) + layerOffset;
        const tokens = min(PAGE_TOKENS, end - tileStart);
        const pageKeys = page + kvHead * kvBytes;
        const pageValues = pageKeys + kvHeads * kvBytes;
        if (float32) {
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
          let state = states + (row * heads + firstHead) * STATE_BYTES;
          for (const pairs = at + (group & ~1) * headBytes; at < pairs; at += headBytes << 1) {
            scorePair(q + at, keys, headBytes, first, last, scale, softCap, weights);
            weighTile(weights, first, last, state, out + at, headBytes);
            weighTile(weights + TILE_WEIGHTS, first, last, state + STATE_BYTES, out + at + headBytes, headBytes);
            addPairValues(weights, first, last, values, headBytes, out + at);
            state += 2 * STATE_BYTES;
          }
          if (group & 1) {
            scoreOne(q + at, keys, headBytes, first, last, scale, softCap, weights);
            weighTile(weights, first, last, state, out + at, headBytes);
            addOneValues(weights, first, last, values, headBytes, out + at);
          }
        }
      }
    }
    divideBySums(states, chunk * heads, STATE_BYTES, out, headBytes);
    out += chunk * rowBytes;
    q += chunk * rowBytes;
    position += chunk;
    rows -= chunk;
  }
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
