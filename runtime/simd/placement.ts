import type { ActivationBits } from "../engine.ts";
import { activationRowBytes } from "./layout.ts";
import type { MemoryPlan } from "./memory.ts";
import type { Matrix, Program, RowBuffer, Step, Vector } from "./program.ts";
import { planScratch } from "./scratch.ts";
import { matrixBytes, type WeightPlaces } from "./weight-loader.ts";

/** Reserves room for every matrix and vector of the programs; a matrix two programs share is placed once. */
export function placeWeights(plan: MemoryPlan, programs: readonly Program<Step>[]): WeightPlaces {
  const matrices = new Map<Matrix, number>();
  const vectors = new Map<Vector, number>();
  for (const program of programs) {
    for (const vector of program.vectors) vectors.set(vector, plan.reserve("weights", vector.data.bytes));
    for (const matrix of program.matrices)
      if (!matrices.has(matrix)) matrices.set(matrix, plan.reserve("weights", matrixBytes(matrix)));
  }
  return { matrices, vectors };
}

/** A program that takes a call's rows, and the most rows it is ever given. */
export interface SizedProgram {
  readonly program: Program<Step>;
  readonly maxRows: number;
}

/** Places the row buffers of programs that never run at the same time in one region. */
export function placeBuffers(
  plan: MemoryPlan,
  programs: readonly SizedProgram[],
  bits: ActivationBits,
): ReadonlyMap<RowBuffer, number> {
  const scratches = programs.map(({ program, maxRows }) =>
    planScratch(
      program,
      ({ form, columns }) => maxRows * (form === "float32" ? columns * 4 : activationRowBytes(columns, bits)),
    ),
  );
  const base = plan.reserve("scratch", Math.max(...scratches.map(({ bytes }) => bytes)));
  return new Map(scratches.flatMap(({ offsets }) => [...offsets].map(([buffer, offset]) => [buffer, base + offset])));
}
