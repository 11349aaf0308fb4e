import { median } from "../peers/interleave.ts";

/** Something to time; `index` counts the runs, so that an action can take its next matrix. */
export interface Action {
  readonly name: string;
  readonly run: (index: number) => unknown;
  /** Multiply-adds and bytes read in one run, where they say something. */
  readonly macs?: number;
  readonly bytes?: number;
  /** Runs timed together, for what is too short for the clock. */
  readonly repeat?: number;
}

export interface Timing {
  readonly name: string;
  readonly medianMs: number;
  readonly bestMs: number;
  readonly gigaMacsPerSecond: number | null;
  readonly gigabytesPerSecond: number | null;
}

/**
 * Times the actions in turn, A, B, A, B, …, so that what else the machine does falls on all of them. Two rounds warm up
 * (V8 compiles WebAssembly twice).
 */
export async function timeInTurn(actions: readonly Action[], rounds: number): Promise<Timing[]> {
  const WARM_UP_ROUNDS = 2;
  const times = actions.map(() => [] as number[]);
  let index = 0;
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    for (const [i, { run, repeat = 1 }] of actions.entries()) {
      const start = performance.now();
      for (let n = 0; n < repeat; n++) await run(index++);
      const ms = (performance.now() - start) / repeat;
      if (round >= 0) times[i]!.push(ms);
    }
  }
  return actions.map(({ name, macs, bytes }, i) => {
    const medianMs = median(times[i]!);
    return {
      name,
      medianMs,
      bestMs: Math.min(...times[i]!),
      gigaMacsPerSecond: macs === undefined ? null : macs / medianMs / 1e6,
      gigabytesPerSecond: bytes === undefined ? null : bytes / medianMs / 1e6,
    };
  });
}
