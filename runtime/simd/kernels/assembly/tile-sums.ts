import { exponential } from "./vector/exponential";
import { maxOfLanes, sumOfLanes } from "./vector/sums";

const TILE: u32 = 1024;

/** Kernels.tileSums. */
export function tileSums(x: usize, count: u32, inverseTemperature: f32, tiles: usize): void {
  for (let left = count; left > 0; ) {
    const size = min(left, TILE);
    const largest = maximum(x, size);
    store<f32>(tiles, largest);
    store<f32>(tiles, largest === -Infinity ? 0 : exponentialSum(x, size, largest, inverseTemperature), 4);
    x += size << 2;
    tiles += 8;
    left -= size;
  }
}

function maximum(x: usize, count: u32): f32 {
  const vectorsEnd = x + ((count & ~3) << 2);
  let largest = f32x4.splat(-Infinity);
  // pmax(a, b) is a < b ? b : a, so that NaN in b leaves a.
  for (; x < vectorsEnd; x += 16) largest = f32x4.pmax(largest, v128.load(x));
  if (count & 3) largest = f32x4.pmax(largest, loadTail(x, count & 3));
  return maxOfLanes(largest);
}

function exponentialSum(x: usize, count: u32, largest: f32, inverseTemperature: f32): f32 {
  const vectorsEnd = x + ((count & ~3) << 2);
  const max = f32x4.splat(largest);
  const factor = f32x4.splat(inverseTemperature);
  let sums = f32x4.splat(0);
  for (; x < vectorsEnd; x += 16) {
    sums = f32x4.add(sums, exponential(f32x4.mul(f32x4.sub(v128.load(x), max), factor)));
  }
  if (count & 3) {
    sums = f32x4.add(sums, exponential(f32x4.mul(f32x4.sub(loadTail(x, count & 3), max), factor)));
  }
  return sumOfLanes(sums);
}

/** One to three float32; −∞, whose exponential is 0, in the other lanes. */
function loadTail(x: usize, lanes: u32): v128 {
  let tail = v128.load_lane<f32>(x, f32x4.splat(-Infinity), 0);
  if (lanes > 1) tail = v128.load_lane<f32>(x, tail, 1, 4);
  return lanes > 2 ? v128.load_lane<f32>(x, tail, 2, 8) : tail;
}
