/** Kernels.topK: a heap of the best so far, its worst on top; most vectors fall below that and are skipped whole. */
export function topK(x: usize, count: u32, k: u32, indices: usize, values: usize): u32 {
  const kept = min(k, count);
  if (kept === 0) return 0;
  for (let i: u32 = 0; i < kept; i++) {
    const value = load<f32>(x + (i << 2));
    set(indices, values, i, i, value >= -Infinity ? value : -Infinity);
  }
  for (let root = kept >> 1; root > 0; root--) sink(indices, values, root - 1, kept);

  let i = kept;
  for (; i + 4 <= count; i += 4) {
    if (!v128.any_true(f32x4.gt(v128.load(x + (i << 2)), v128.load32_splat(values)))) continue;
    for (let lane: u32 = i; lane < i + 4; lane++) offer(x, lane, indices, values, kept);
  }
  for (; i < count; i++) offer(x, i, indices, values, kept);

  for (let end = kept - 1; end > 0; end--) {
    swap(indices, values, 0, end);
    sink(indices, values, 0, end);
  }
  return kept;
}

/** Takes the place of the worst if larger; among equals the one that came first stays. */
function offer(x: usize, index: u32, indices: usize, values: usize, size: u32): void {
  const value = load<f32>(x + (index << 2));
  if (!(value > load<f32>(values))) return;
  set(indices, values, 0, index, value);
  sink(indices, values, 0, size);
}

function set(indices: usize, values: usize, slot: u32, index: u32, value: f32): void {
  store<u32>(indices + (slot << 2), index);
  store<f32>(values + (slot << 2), value);
}

function swap(indices: usize, values: usize, a: u32, b: u32): void {
  const index = load<u32>(indices + (a << 2));
  const value = load<f32>(values + (a << 2));
  set(indices, values, a, load<u32>(indices + (b << 2)), load<f32>(values + (b << 2)));
  set(indices, values, b, index, value);
}

/** Whether slot `a` ranks after slot `b`. */
function worse(indices: usize, values: usize, a: u32, b: u32): bool {
  const x = load<f32>(values + (a << 2));
  const y = load<f32>(values + (b << 2));
  return x < y || (x === y && load<u32>(indices + (a << 2)) > load<u32>(indices + (b << 2)));
}

function sink(indices: usize, values: usize, slot: u32, size: u32): void {
  for (;;) {
    let worst = slot;
    const left: u32 = 2 * slot + 1;
    const right = left + 1;
    if (left < size && worse(indices, values, left, worst)) worst = left;
    if (right < size && worse(indices, values, right, worst)) worst = right;
    if (worst === slot) return;
    swap(indices, values, slot, worst);
    slot = worst;
  }
}
