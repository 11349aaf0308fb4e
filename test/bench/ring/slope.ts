import { median } from "../peers/interleave.ts";

/** Milliseconds of runs of two lengths. */
export interface TwoLengths {
  readonly short: { readonly tokens: number; readonly ms: readonly number[] };
  readonly long: { readonly tokens: number; readonly ms: readonly number[] };
}

/** Milliseconds a token: what the longer runs take more, so that what a run costs once (the prompt too) falls out. */
export function msPerToken({ short, long }: TwoLengths): number {
  return (median(long.ms) - median(short.ms)) / (long.tokens - short.tokens);
}
