import { clearStates, divideBySums, firstVisible, weighTile } from "./attention-softmax";
import { largestMagnitude, stepSize, stepsInOne } from "./fixed-point";
import { scoreOne, scorePair } from "./fixed-scores";
import { addOneValues, addPairValues, quantizeWeights } from "./fixed-values";
import { hadamard, hadamardGain } from "./hadamard";
import { FIXED_ATTENTION_ROWS, FIXED_STEPS, PAGE_TOKENS, TILE_WEIGHTS } from "./layout";
import { nearestSteps } from "./vector/fixed";

/** The running maximum and sum, and what a unit of query · key is worth beside the key's scale. */
const STATE_BYTES: u32 = 16;
const UNIT_OFFSET: usize = 8;

/**
 * Kernels.attention over int8 pages: a product of int16 queries and int8 keys is exact, and so is a tile's sum of int16
 * weights and int8 values. A tile stays in the first cache while all rows and heads that share it go through it.
 */
export function fixedAttention(
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
): void {
  const group = heads / kvHeads;
  const headBytes = headDim << 2;
  const queryBytes = headDim << 1;
  const kvBytes = PAGE_TOKENS * headDim;
  const scaleBytes = PAGE_TOKENS << 2;
  const weights = scratch;
  const states = weights + 2 * TILE_WEIGHTS;
  const transformed = states + FIXED_ATTENTION_ROWS * heads * STATE_BYTES;
  const queries = transformed + headBytes;
  const unitScale = scale / hadamardGain(headDim);
  while (rows > 0) {
    const chunk = min(rows, FIXED_ATTENTION_ROWS);
    const end = position + chunk;
    memory.fill(out, 0, chunk * heads * headBytes);
    clearStates(states, chunk * heads, STATE_BYTES);
    quantizeQueries(q, chunk * heads, headDim, unitScale, states, transformed, queries);
    const firstTile = firstVisible(position, window) / PAGE_TOKENS;
    for (let kvHead: u32 = 0; kvHead < kvHeads; kvHead++) {
      for (let tile = firstTile; tile * PAGE_TOKENS < end; tile++) {
        const tileStart = tile * PAGE_TOKENS;
        const page: usize = load<u32>(pageTable + (tile << 2)) + layerOffset;
        const keys = page + kvHead * kvBytes;
        const values = keys + kvHeads * kvBytes;
        const keyScales = page + 2 * kvHeads * kvBytes + kvHead * scaleBytes;
        const valueScales = keyScales + kvHeads * scaleBytes;
        // Rows before the tile see none of it; with a window neither do rows far behind it.
        for (let row = tileStart > position ? tileStart - position : 0; row < chunk; row++) {
          const visible = firstVisible(position + row, window);
          if (visible >= tileStart + PAGE_TOKENS) break;
          const first = visible > tileStart ? visible - tileStart : 0;
          const last = min(PAGE_TOKENS, position + row + 1 - tileStart);
          let head = row * heads + kvHead * group;
          for (const pairs = head + (group & ~1); head < pairs; head += 2) {
            const state = states + head * STATE_BYTES;
            const other = state + STATE_BYTES;
            const at = out + head * headBytes;
            const unit = load<f32>(state, UNIT_OFFSET);
            const otherUnit = load<f32>(other, UNIT_OFFSET);
            scorePair(
              queries + head * queryBytes,
              keys,
              headDim,
              first,
              last,
              keyScales,
              unit,
              otherUnit,
              softCap,
              weights,
            );
            weighTile(weights, first, last, state, at, headBytes);
            weighTile(weights + TILE_WEIGHTS, first, last, other, at + headBytes, headBytes);
            const step = quantizeWeights(weights, first, last, valueScales);
            const otherStep = quantizeWeights(weights + TILE_WEIGHTS, first, last, valueScales);
            addPairValues(weights, first, last, values, headDim, step, otherStep, at);
          }
          if (group & 1) {
            const state = states + head * STATE_BYTES;
            const at = out + head * headBytes;
            scoreOne(
              queries + head * queryBytes,
              keys,
              headDim,
              first,
              last,
              keyScales,
              load<f32>(state, UNIT_OFFSET),
              softCap,
              weights,
            );
            weighTile(weights, first, last, state, at, headBytes);
            const step = quantizeWeights(weights, first, last, valueScales);
            addOneValues(weights, first, last, values, headDim, step, at);
          }
        }
      }
    }
    divideBySums(states, chunk * heads, STATE_BYTES, out, headBytes);
    out += chunk * heads * headBytes;
    q += chunk * heads * headBytes;
    position += chunk;
    rows -= chunk;
  }
}

/** `count` queries [headDim], transformed as keys are, to int16; each one's step times `scale` goes into its state. */
function quantizeQueries(
  q: usize,
  count: u32,
  headDim: u32,
  scale: f32,
  state: usize,
  transformed: usize,
  queries: usize,
): void {
  const transformedEnd = transformed + (headDim << 2);
  for (const end = state + count * STATE_BYTES; state < end; state += STATE_BYTES) {
    hadamard(q, headDim, transformed);
    const largest = largestMagnitude(transformed, transformedEnd);
    const factor = stepsInOne(largest, FIXED_STEPS);
    const factors = f32x4.splat(factor);
    const kept = i32x4.splat(factor > 0 ? -1 : 0);
    store<f32>(state, stepSize(largest, FIXED_STEPS) * scale, UNIT_OFFSET);
    for (let at = transformed; at < transformedEnd; at += 32) {
      const low = nearestSteps(v128.load(at), factors);
      const words = i16x8.narrow_i32x4_s(low, nearestSteps(v128.load(at, 16), factors));
      v128.store(queries, v128.and(words, kept));
      queries += 16;
    }
    q += headDim << 2;
  }
}
