import type { TimedCall } from "./timed-kernels.ts";

/** Time of the calls of one kernel and size. */
export interface KernelShare {
  readonly kernel: string;
  readonly calls: number;
  readonly ms: number;
  /** Of the whole. */
  readonly share: number;
}

export interface Profile {
  readonly ms: number;
  /** Time between the kernel calls, and its share. */
  readonly executor: Omit<KernelShare, "kernel" | "calls">;
  /** The longest first. */
  readonly kernels: readonly KernelShare[];
}

/**
 * Where the time of `tokens` tokens went, for one of them, from repeated traces of the same calls: `typical` stands for
 * the repetitions of a call. Throws when the traces differ.
 */
export function profileOf(
  traces: readonly (readonly TimedCall[])[],
  tokens: number,
  typical: (ms: readonly number[]) => number,
): Profile {
  const [first = []] = traces;
  const times = new Map<string, { calls: number; ms: number }>();
  let executorMs = 0;
  for (const [index, { kernel }] of first.entries()) {
    const repeated = traces.map((trace) => trace[index]);
    if (traces.some((trace) => trace.length !== first.length || trace[index]!.kernel !== kernel))
      throw new Error(`the repetitions made different calls: number ${index} is not ${kernel} in all of them`);
    executorMs += typical(repeated.map((call) => call!.beforeMs)) / tokens;
    const time = times.get(kernel) ?? { calls: 0, ms: 0 };
    times.set(kernel, {
      calls: time.calls + 1 / tokens,
      ms: time.ms + typical(repeated.map((call) => call!.ms)) / tokens,
    });
  }
  const ms = [...times.values()].reduce((sum, time) => sum + time.ms, executorMs);
  return {
    ms,
    executor: { ms: executorMs, share: executorMs / ms },
    kernels: [...times].map(([kernel, time]) => ({ kernel, ...time, share: time.ms / ms })).sort((a, b) => b.ms - a.ms),
  };
}
