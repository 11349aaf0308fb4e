import { largestMagnitude, stepSize, stepsInOne } from "./fixed-point";
import { hadamard } from "./hadamard";
import { KV_STEPS, PAGE_TOKENS } from "./layout";
import { nearestSteps } from "./vector/fixed";
import { maxOfLanes } from "./vector/sums";

/** The largest float16; larger numbers and NaN are taken for it, so that pages are always finite. */
const LARGEST: f32 = 65504;

/** Kernels.storeKv with 8 bits. */
export function storeFixedKv(
  k: usize,
  v: usize,
  rows: u32,
  position: u32,
  kvHeads: u32,
  headDim: u32,
  pageTable: usize,
  layerOffset: u32,
): void {
  const sourceBytes = headDim << 2;
  const kvBytes = PAGE_TOKENS * headDim;
  const scaleBytes = PAGE_TOKENS << 2;
  for (const end = position + rows; position < end; position++) {
    const page: usize = load<u32>(pageTable + (position / PAGE_TOKENS) * 4) + layerOffset;
    const token = position % PAGE_TOKENS;
    let keys = page + token * headDim;
    let values = page + kvHeads * kvBytes + (token >> 1) * (headDim << 1);
    let scales = page + 2 * kvHeads * kvBytes + (token << 2);
    for (let head: u32 = 0; head < kvHeads; head++) {
      store<f32>(scales, storeKey(k, headDim, keys));
      store<f32>(scales + kvHeads * scaleBytes, storeValue(v, headDim, values, (token & 1) << 3));
      keys += kvBytes;
      values += kvBytes;
      scales += scaleBytes;
      k += sourceBytes;
      v += sourceBytes;
    }
  }
}

/** Transforms the key in its place and writes it; gives what one step is worth. */
function storeKey(from: usize, headDim: u32, to: usize): f32 {
  for (let at = from, end = from + (headDim << 2); at < end; at += 16) v128.store(at, finite(at));
  hadamard(from, headDim, from);
  const largest = largestMagnitude(from, from + (headDim << 2));
  const steps = f32x4.splat(stepsInOne(largest, KV_STEPS));
  for (const end = to + headDim; to < end; to += 16) {
    const low = i16x8.narrow_i32x4_s(nearestSteps(v128.load(from), steps), nearestSteps(v128.load(from, 16), steps));
    const high = i16x8.narrow_i32x4_s(
      nearestSteps(v128.load(from, 32), steps),
      nearestSteps(v128.load(from, 48), steps),
    );
    v128.store(to, i8x16.narrow_i16x8_s(low, high));
    from += 64;
  }
  return stepSize(largest, KV_STEPS);
}

/** Writes the value into every other byte, the one that `shift` bits (0 or 8) bring a low byte to. */
function storeValue(from: usize, headDim: u32, to: usize, shift: u32): f32 {
  const largest = largestFinite(from, headDim);
  const steps = f32x4.splat(stepsInOne(largest, KV_STEPS));
  const mine = i16x8.shl(i16x8.splat(0xff), shift);
  for (const end = to + (headDim << 1); to < end; to += 16) {
    const words = i16x8.narrow_i32x4_s(nearestSteps(finite(from), steps), nearestSteps(finite(from + 16), steps));
    v128.store(to, v128.bitselect(i16x8.shl(words, shift), v128.load(to), mine));
    from += 32;
  }
  return stepSize(largest, KV_STEPS);
}

function finite(from: usize): v128 {
  // pmin(a, b) is b < a ? b : a, so that NaN gives the first.
  return f32x4.pmax(f32x4.splat(-LARGEST), f32x4.pmin(f32x4.splat(LARGEST), v128.load(from)));
}

/** Bits of the largest magnitude. */
function largestFinite(from: usize, headDim: u32): u32 {
  let largest = f32x4.splat(0);
  for (const end = from + (headDim << 2); from < end; from += 16) {
    largest = f32x4.pmax(largest, f32x4.abs(finite(from)));
  }
  return reinterpret<u32>(maxOfLanes(largest));
}
