/** One generation, however it is run. */
export interface Workload {
  readonly promptIds: readonly number[];
  /** Tokens to generate. */
  readonly tokens: number;
  readonly temperature: number;
  readonly topP: number;
  readonly seed: number;
}

/**
 * The ways to run a generation, each with all the one before it has: a replay of its kernel calls; the layers and logits
 * in one process; with sampling and text; through the ring of Durable Objects; over HTTP.
 */
export const WAYS = ["kernels", "one-process", "sampled", "ring", "http"] as const;
export type Way = (typeof WAYS)[number];
