import { CounterNoise } from "../../../runtime/random.ts";
import type { SamplingParameters } from "../../../runtime/sampling/selection.ts";

export const ROWS = 6 * 1024 + 300;

/** Every way to cut seven tiles that begins a new shard at one more place. */
export const CUTS = [
  [0],
  [0, 3072],
  [0, 1024, 5120],
  [0, 1024, 2048, 3072],
  [0, 1024, 2048, 4096, 5120],
  [0, 1024, 2048, 3072, 4096, 5120],
  [0, 1024, 2048, 3072, 4096, 5120, 6144],
];

/** The definition, on one machine with all logits: sort, cut, renormalise, add noise. */
export function drawDirectly(
  logits: Float32Array,
  { temperature, topK, topP, minP, seed }: SamplingParameters,
  position: number,
): number {
  const order = [...logits.keys()].sort((a, b) => logits[b]! - logits[a]! || a - b);
  if (temperature === 0) return order[0]!;
  let kept = topK > 0 ? order.slice(0, topK) : order;
  const weight = (id: number) => Math.exp((logits[id]! - logits[order[0]!]!) / temperature);
  const total = kept.reduce((sum, id) => sum + weight(id), 0);
  let sum = 0;
  const reached = kept.findIndex((id) => {
    sum += weight(id);
    return sum >= topP * total;
  });
  if (topP < 1 && reached >= 0) kept = kept.slice(0, reached + 1);
  kept = kept.filter((id) => weight(id) >= minP);
  const noise = new CounterNoise(seed, position);
  const scores = new Map(kept.map((id) => [id, logits[id]! / temperature - Math.log(-Math.log(noise.uniform(id)))]));
  return kept.reduce((best, id) => (scores.get(id)! > scores.get(best)! ? id : best));
}
