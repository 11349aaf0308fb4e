import { goesBefore } from "./order.ts";
import type { ShardSelection } from "./selection.ts";

/** The beginning of all that can be drawn in order of logits, as far as the shards' answers make it certain. */
export interface Candidates {
  readonly ids: Uint32Array;
  /** Of `ids`, largest first; equal ones by lower id. */
  readonly logits: Float32Array;
  /** True when nothing else can be drawn. */
  readonly complete: boolean;
}

/**
 * Merges the shards' candidates. An unsent row of a shard comes after the last one it sent, so the merged list is
 * certain up to the earliest of these last ones.
 */
export function mergeCandidates(answers: readonly Pick<ShardSelection, "ids" | "logits" | "complete">[]): Candidates {
  const size = answers.reduce((sum, { ids }) => sum + ids.length, 0);
  const ids = new Uint32Array(size);
  const logits = new Float32Array(size);
  const taken = answers.map(() => 0);
  let count = 0;
  for (; count < size; count++) {
    let from = -1;
    for (const [shard, answer] of answers.entries()) {
      const at = taken[shard]!;
      if (at === answer.ids.length) continue;
      if (from < 0 || goesBefore(answer.logits[at]!, answer.ids[at]!, logits[count]!, ids[count]!)) {
        from = shard;
        ids[count] = answer.ids[at]!;
        logits[count] = answer.logits[at]!;
      }
    }
    taken[from]! += 1;
    const { complete, ids: sent } = answers[from]!;
    if (!complete && taken[from] === sent.length) {
      count += 1;
      break;
    }
  }
  return {
    ids: ids.subarray(0, count),
    logits: logits.subarray(0, count),
    complete: answers.every(({ complete }) => complete),
  };
}
