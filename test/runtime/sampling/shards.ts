import { Draw, type DrawOptions } from "../../../runtime/sampling/draw.ts";
import { selectFromLogits } from "../../../runtime/sampling/select.ts";
import type { SamplingParameters, Selection, ShardSelection } from "../../../runtime/sampling/selection.ts";

/** Answers of shards that begin at `firstRows`. */
export function answersOf(logits: Float32Array, firstRows: readonly number[], selection: Selection): ShardSelection[] {
  return firstRows.map((first, shard) =>
    selectFromLogits(logits.subarray(first, firstRows[shard + 1]), first, selection),
  );
}

/** Draws one token from logits cut into shards; `rounds` counts the questions asked. */
export function drawFrom(
  logits: Float32Array,
  firstRows: readonly number[],
  parameters: SamplingParameters,
  position: number,
  options: DrawOptions = {},
): { id: number; rounds: number; answers: ShardSelection[] } {
  const draw = new Draw(parameters, position, options);
  for (let rounds = 1; ; rounds++) {
    const answers = answersOf(logits, firstRows, draw.selection);
    const id = draw.offer(answers);
    if (id !== null) return { id, rounds, answers };
  }
}

/** A small generator for test data, uniform in [0, 1). */
export function sequence(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Bell-shaped logits of the given spread. */
export function randomLogits(count: number, spread: number, seed: number): Float32Array {
  const next = sequence(seed);
  return Float32Array.from({ length: count }, () => (next() + next() + next() + next() - 2) * spread);
}

export const neutral: SamplingParameters = { temperature: 1, topK: 0, topP: 1, minP: 0, seed: 1n };
