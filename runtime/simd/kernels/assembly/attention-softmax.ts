import { exponential } from "./vector/exponential";
import { maxOfLanes, sumOfLanes } from "./vector/sums";

/*
 * The running softmax of one (row, head): its state begins with the maximum so far and the sum of e^(score − maximum),
 * both float32; the weighted values so far lie at `out`.
 */

/** The first position that the row at `position` sees. */
export function firstVisible(position: u32, window: u32): u32 {
  return window > 0 && position >= window ? position - window + 1 : 0;
}

/** Sets `count` states of `stateBytes` each to what they are before the first tile. */
export function clearStates(state: usize, count: u32, stateBytes: u32): void {
  for (const end = state + count * stateBytes; state < end; state += stateBytes) {
    store<f32>(state, -Infinity);
    store<f32>(state, 0, 4);
  }
}

/** Divides the weighted values of `count` (row, head) at `out` by their sums. */
export function divideBySums(state: usize, count: u32, stateBytes: u32, out: usize, headBytes: u32): void {
  for (const end = state + count * stateBytes; state < end; state += stateBytes) {
    const inverse = f32x4.splat(1 / load<f32>(state, 4));
    for (const next = out + headBytes; out < next; out += 16) v128.store(out, f32x4.mul(v128.load(out), inverse));
  }
}

/**
 * Turns the tile's scores into e^(score − maximum), 0 where not visible, and adds them to the running sum. Where the
 * maximum grows, sum and weighted values shrink to match first.
 */
export function weighTile(weights: usize, first: u32, last: u32, state: usize, out: usize, headBytes: u32): void {
  hideBeside(weights, first, last);
  const end = weights + (last << 2);
  let at = weights + ((first & ~3) << 2);
  const max = f32x4.splat(raiseMaximum(at, end, state, out, headBytes));
  let sums = f32x4.splat(0);
  for (; at < end; at += 16) {
    const weight = exponential(f32x4.sub(v128.load(at), max));
    v128.store(at, weight);
    sums = f32x4.add(sums, weight);
  }
  store<f32>(state, load<f32>(state, 4) + sumOfLanes(sums), 4);
}

/** Makes the scores −∞, of weight 0, that share a vector with visible ones. */
function hideBeside(scores: usize, first: u32, last: u32): void {
  for (let token = first & ~3; token < first; token++) store<f32>(scores + (token << 2), -Infinity);
  for (let token = last; token & 3; token++) store<f32>(scores + (token << 2), -Infinity);
}

function raiseMaximum(scores: usize, end: usize, state: usize, out: usize, headBytes: u32): f32 {
  const maximum = load<f32>(state);
  let largest = f32x4.splat(maximum);
  for (; scores < end; scores += 16) largest = f32x4.pmax(largest, v128.load(scores));
  const grown = maxOfLanes(largest);
  if (!(grown > maximum)) return maximum;
  const factor = exponential(f32x4.splat(maximum - grown));
  store<f32>(state, grown);
  store<f32>(state, load<f32>(state, 4) * f32x4.extract_lane(factor, 0), 4);
  for (const next = out + headBytes; out < next; out += 16) v128.store(out, f32x4.mul(v128.load(out), factor));
  return grown;
}
