import { halfBits, halfValue } from "./half";
import { searchScale } from "./search";

const HIGHEST_OF_4: f32 = 7;
const HIGHEST_OF_8: f32 = 127;
/** Scales tried: the one that fits without compensation inside the block, and so many steps to either side. */
const STEPS = 4;
const STEP: f32 = 0.03;

/** QuantiseKernels.roundBlock4. */
export function roundBlock4(
  own: usize,
  targets: usize,
  rows: u32,
  weights: usize,
  within: usize,
  deltas: usize,
  deltaStride: u32,
  scales: usize,
  levels: usize,
  scratch: usize,
): void {
  for (let row: u32 = 0; row < rows; row++) {
    addRow(targets, own);
    const fitted = searchScale(targets, weights);
    let least = f32.MAX_VALUE;
    let best: u32 = 0;
    for (let step = -STEPS; step <= STEPS; step++) {
      const bits = halfBits(fitted * (1 + STEP * <f32>step));
      const error = roundColumns(own, targets, weights, within, halfValue(bits), HIGHEST_OF_4, least, scratch);
      if (error < least) {
        least = error;
        best = bits;
      }
    }
    store<u16>(scales, <u16>best);
    roundRow(own, targets, weights, within, halfValue(best), HIGHEST_OF_4, deltas, levels, scratch);
    own += 128;
    targets += 128;
    deltas += (<usize>deltaStride) << 2;
    scales += 2;
    levels += 32;
  }
}

/** QuantiseKernels.roundBlock8. */
export function roundBlock8(
  own: usize,
  targets: usize,
  rows: u32,
  weights: usize,
  within: usize,
  deltas: usize,
  deltaStride: u32,
  scales: usize,
  levels: usize,
  scratch: usize,
): void {
  for (let row: u32 = 0; row < rows; row++) {
    addRow(targets, own);
    const scale = halfValue(load<u16>(scales));
    roundRow(own, targets, weights, within, scale, HIGHEST_OF_8, deltas, levels, scratch);
    own += 128;
    targets += 128;
    deltas += (<usize>deltaStride) << 2;
    scales += 2;
    levels += 32;
  }
}

function addRow(targets: usize, own: usize): void {
  for (let i: usize = 0; i < 128; i += 16)
    v128.store(targets + i, f32x4.add(v128.load(targets + i), v128.load(own + i)));
}

/** Rounds 32 columns by a scale, and notes levels and what is left of the weights. */
function roundRow(
  own: usize,
  targets: usize,
  weights: usize,
  within: usize,
  scale: f32,
  highest: f32,
  deltas: usize,
  levels: usize,
  scratch: usize,
): void {
  roundColumns(own, targets, weights, within, scale, highest, f32.MAX_VALUE, scratch);
  for (let i: usize = 0; i < 32; i++) {
    const level = load<f32>(scratch + 128 + (i << 2));
    store<i8>(levels + i, <i8>level);
    store<f32>(deltas + (i << 2), load<f32>(own + (i << 2)) - scale * level);
  }
}

/** Rounds 32 columns in turn, each making up for those before it; the error, or something above `limit`. */
function roundColumns(
  own: usize,
  targets: usize,
  weights: usize,
  within: usize,
  scale: f32,
  highest: f32,
  limit: f32,
  scratch: usize,
): f32 {
  const inverse: f32 = scale === 0 ? 0 : 1 / scale;
  const lowest: f32 = -1 - highest;
  const levels = scratch + 128;
  memory.copy(scratch, targets, 128);
  let error: f32 = 0;
  for (let at: usize = 0; at < 128; at += 4) {
    const target = load<f32>(scratch + at);
    const level = min(max(nearest(target * inverse), lowest), highest);
    const rounded = scale * level;
    const rest = target - rounded;
    error += rest * rest * load<f32>(weights + at);
    if (error > limit) return error;
    store<f32>(levels + at, level);
    const delta = f32x4.splat(load<f32>(own + at) - rounded);
    const row = within + (at << 5);
    for (let i = at & ~15; i < 128; i += 16)
      v128.store(scratch + i, f32x4.add(v128.load(scratch + i), f32x4.mul(delta, v128.load(row + i))));
  }
  return error;
}
