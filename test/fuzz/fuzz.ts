import { WeightsError } from "../../weights/errors.ts";
import { AllocationWatch } from "./allocation-watch.ts";
import { Dice } from "./dice.ts";
import { type Target, targets } from "./targets.ts";

/** A reader may need a table beside the file, never more than this. */
const BYTES_PER_FILE_BYTE = 2;
const SMALL_BYTES = 64 * 1024;
/** Real reads of files this small take about a millisecond. */
const LIMIT_MS = 2000;

export interface FuzzFailure {
  readonly target: string;
  /** Number of the case: `node test/fuzz/run.ts --seed … --first CASE --count 1` repeats it. */
  readonly index: number;
  readonly what: string;
}

export interface FuzzSummary {
  readonly cases: number;
  readonly accepted: number;
  readonly refused: number;
  readonly failures: readonly FuzzFailure[];
  readonly slowestMs: number;
}

/**
 * Reads `count` damaged files, from case `first` on, each target in turn. A case fails when reading ends in anything
 * but success or a WeightsError with a text, takes too long, or makes a buffer larger than its file accounts for.
 */
export async function fuzz(
  { seed, first = 0, count }: { seed: number; first?: number; count: number },
  onCase: (done: number) => void = () => {},
): Promise<FuzzSummary> {
  const all = targets();
  const failures: FuzzFailure[] = [];
  let accepted = 0;
  let slowestMs = 0;
  for (let index = first; index < first + count; index++) {
    const target = all[index % all.length]!;
    const bytes = target.mutate(new Dice(new Dice(seed).next() ^ Math.imul(index, 0x9e3779b1)));
    const { what, refused, ms } = await readOnce(target, bytes);
    if (what !== null) failures.push({ target: target.name, index, what });
    else if (!refused) accepted += 1;
    slowestMs = Math.max(slowestMs, ms);
    onCase(index - first + 1);
  }
  return { cases: count, accepted, refused: count - accepted - failures.length, failures, slowestMs };
}

/** Reads one file; `what` says how it failed, null when it did not. */
export async function readOnce(
  { read }: Pick<Target, "read">,
  bytes: Uint8Array,
): Promise<{ what: string | null; refused: boolean; ms: number }> {
  using watch = new AllocationWatch();
  const startMs = performance.now();
  let refused = false;
  let what: string | null = null;
  try {
    await read(bytes);
  } catch (error) {
    refused = error instanceof WeightsError;
    if (!(error instanceof WeightsError)) what = String((error as Error).stack ?? error);
    else if (error.message.length === 0) what = "a WeightsError without a text";
  }
  const ms = performance.now() - startMs;
  const largestBytes = watch.takeLargestBytes();
  if (largestBytes > BYTES_PER_FILE_BYTE * bytes.length + SMALL_BYTES)
    what ??= `a buffer of ${largestBytes} bytes for a file of ${bytes.length}`;
  if (ms > LIMIT_MS) what ??= `took ${Math.round(ms)} ms`;
  return { what, refused, ms };
}
