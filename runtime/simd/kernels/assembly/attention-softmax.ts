import { exponential } from "./vector/exponential";
import { visibleLanes } from "./vector/scores";
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
