import { goesBefore } from "./order.ts";

/**
 * Indices of the `count` largest of `logits`, largest first, equal ones by lower index. O(n + k log k) for ordinary
 * logits: a heap holds the best so far, its worst on top, and most elements fail the first comparison.
 */
export function bestIndices(logits: Float32Array, count: number): Uint32Array {
  const capacity = Math.min(count, logits.length);
  const heap = new Uint32Array(capacity);
  if (capacity === 0) return heap;
  const worse = (a: number, b: number) => goesBefore(logits[b]!, b, logits[a]!, a);
  const sink = (at: number) => {
    const index = heap[at]!;
    for (let child = 2 * at + 1; child < capacity; child = 2 * at + 1) {
      if (child + 1 < capacity && worse(heap[child + 1]!, heap[child]!)) child += 1;
      if (!worse(heap[child]!, index)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = index;
  };
  for (let index = 0; index < capacity; index++) heap[index] = index;
  for (let at = (capacity >> 1) - 1; at >= 0; at--) sink(at);
  // Indices ascend, so an equal logit that comes later is the worse one.
  for (let index = capacity; index < logits.length; index++) {
    if (logits[index]! > logits[heap[0]!]!) {
      heap[0] = index;
      sink(0);
    }
  }
  return heap.sort((a, b) => (worse(b, a) ? -1 : 1));
}
