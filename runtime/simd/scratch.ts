import { type RowBuffer, type Step, stepReads, stepWrites, worksInPlace } from "./program.ts";

/** Buffers begin on cache lines. */
const ALIGN_BYTES = 64;

/** Where each row buffer lies, from the start of the scratch region. */
export interface ScratchPlan {
  readonly bytes: number;
  readonly offsets: ReadonlyMap<RowBuffer, number>;
}

/** Program parts that share one scratch region and run one after another. */
export interface ScratchUse {
  readonly input: RowBuffer | null;
  readonly output: RowBuffer;
  readonly steps: readonly Step[];
}

/**
 * Places the row buffers of a run of steps: a buffer's place is free again after its last reader, and sums are made in
 * place of an input that is not needed any more. First fit, lowest offset. The input is alive from the start, the
 * output to the end.
 */
export function planScratch({ input, output, steps }: ScratchUse, bytesOf: (buffer: RowBuffer) => number): ScratchPlan {
  const lastRead = new Map<RowBuffer, number>([[output, steps.length]]);
  for (const [index, step] of steps.entries())
    for (const buffer of stepReads(step)) lastRead.set(buffer, Math.max(index, lastRead.get(buffer) ?? 0));

  const offsets = new Map<RowBuffer, number>();
  const alive: RowBuffer[] = [];
  let total = 0;
  const sizeOf = (buffer: RowBuffer) => Math.ceil(bytesOf(buffer) / ALIGN_BYTES) * ALIGN_BYTES;
  const place = (buffer: RowBuffer, offset = firstFit(alive, offsets, sizeOf, sizeOf(buffer))) => {
    offsets.set(buffer, offset);
    alive.push(buffer);
    total = Math.max(total, offset + sizeOf(buffer));
  };

  if (input !== null) place(input);
  for (const [index, step] of steps.entries()) {
    const ended = (buffer: RowBuffer) => (lastRead.get(buffer) ?? -1) <= index;
    const made = stepWrites(step);
    const replaced = worksInPlace(step)
      ? stepReads(step).find((buffer) => ended(buffer) && buffer.columns === made?.columns)
      : undefined;
    if (replaced !== undefined) {
      alive.splice(alive.indexOf(replaced), 1);
      place(made!, offsets.get(replaced)!);
    } else if (made !== null) place(made);
    for (const buffer of new Set(stepReads(step)))
      if (ended(buffer) && alive.includes(buffer)) alive.splice(alive.indexOf(buffer), 1);
  }
  return { bytes: total, offsets };
}

function firstFit(
  alive: readonly RowBuffer[],
  offsets: ReadonlyMap<RowBuffer, number>,
  sizeOf: (buffer: RowBuffer) => number,
  bytes: number,
): number {
  const taken = alive.map((buffer) => ({ from: offsets.get(buffer)!, to: offsets.get(buffer)! + sizeOf(buffer) }));
  taken.sort((a, b) => a.from - b.from);
  let offset = 0;
  for (const { from, to } of taken) {
    if (offset + bytes <= from) break;
    offset = Math.max(offset, to);
  }
  return offset;
}
