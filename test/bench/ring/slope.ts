/** Milliseconds of runs of two lengths. */
export interface TwoLengths {
  readonly short: { readonly tokens: number; readonly ms: readonly number[] };
  readonly long: { readonly tokens: number; readonly ms: readonly number[] };
}

/**
 * Milliseconds a token: what the longer runs take more, so that what a run costs once (the prompt too) falls out.
 * `typical` stands for all runs of one length.
 */
export function msPerToken({ short, long }: TwoLengths, typical: (ms: readonly number[]) => number): number {
  return (typical(long.ms) - typical(short.ms)) / (long.tokens - short.tokens);
}
