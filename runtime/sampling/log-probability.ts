import { log } from "../elementary.ts";
import { InferenceError } from "../errors.ts";
import { mergeCandidates } from "./candidates.ts";
import { largestLogit, totalMass } from "./mass.ts";
import type { RawReport, ShardSelection } from "./selection.ts";

/** Stands for what is less probable, which JSON could not hold. */
const LEAST_LOG_PROBABILITY = -9999;

export interface LogProbability {
  readonly id: number;
  /** Natural logarithm, at least −9999. */
  readonly logprob: number;
}

/** How probable one token was, and which were the most probable in its place, best first. */
export interface TokenLogProbability extends LogProbability {
  readonly top: readonly LogProbability[];
}

/**
 * The log-probability of `id` and of the `count` best in the model's own distribution, before edits, temperature and
 * cuts. `answers` of all shards, in row order, tell their raw logits of at least `count` best and of `id`, drawn or asked for
 * by name. Equal logits give equal bits, so a token that is the best has exactly the best's log-probability.
 */
export function logProbabilityOf(answers: readonly ShardSelection[], id: number, count: number): TokenLogProbability {
  const reports = answers.map(rawOf);
  const tiles = reports.map((report) => report.tiles);
  const max = largestLogit(tiles);
  const logSum = max + log(totalMass(tiles, max, 1));
  const logprob = (logit: number) => Math.max(LEAST_LOG_PROBABILITY, logit - logSum);
  const best = mergeCandidates(
    reports.map(({ bestIds, bestLogits }) => ({ ids: bestIds, logits: bestLogits, complete: bestIds.length < count })),
  );
  return {
    id,
    logprob: logprob(rawLogit(answers, id)),
    top: Array.from(best.ids.subarray(0, count), (id, rank) => ({ id, logprob: logprob(best.logits[rank]!) })),
  };
}

function rawLogit(answers: readonly ShardSelection[], id: number): number {
  for (const answer of answers) {
    const { logits, namedIds, namedLogits } = rawOf(answer);
    const logit = logits[answer.ids.indexOf(id)] ?? namedLogits[namedIds.indexOf(id)];
    if (logit !== undefined) return logit;
  }
  throw new InferenceError("internal", `no shard told the raw logit of token ${id}`);
}

function rawOf({ raw }: ShardSelection): RawReport {
  if (raw === undefined) throw new InferenceError("internal", "a shard told nothing of its raw logits");
  return raw;
}
