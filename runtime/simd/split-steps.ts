import type { LayerPart } from "../../weights/layer-parts.ts";
import type { Architecture } from "../../weights/manifest.ts";
import { InferenceError } from "../errors.ts";
import type { AttentionShape, KernelStep, Matrix, RowBuffer } from "./program.ts";
import { type Slice, sliceColumns, sliceOutputs } from "./split-matrix.ts";

/** Which rows of a stage a part has only some columns of. */
export interface Slices {
  readonly of: ReadonlyMap<RowBuffer, Slice>;
  /** The buffers that stand for those columns. */
  readonly narrow: ReadonlyMap<RowBuffer, RowBuffer>;
  /** Whole quantised rows that products with cut outputs take: where a part's work begins. */
  readonly opening: ReadonlySet<RowBuffer>;
}

export const unsupported = (why: string) =>
  new InferenceError("unsupported", `these layers cannot be split over objects: ${why}`);

/** Follows a part's heads and feed-forward columns from attention and the gated product through a stage's rows. */
export function findSlices(steps: readonly KernelStep[], architecture: Architecture, part: LayerPart): Slices {
  const { numAttentionHeads, numKeyValueHeads, headDim, intermediateSize } = architecture;
  const queries = { first: part.firstHead * headDim, count: part.heads * headDim };
  const keys = { first: part.firstKvHead * headDim, count: part.kvHeads * headDim };
  const gated = { first: part.firstColumn, count: part.columns };
  const makers = new Map<RowBuffer, KernelStep>();
  const slices = new Map<RowBuffer, Slice>();
  const opening = new Set<RowBuffer>();
  /** A buffer has these columns, and so has what it is the norm of, back to the product. */
  const traceBack = (buffer: RowBuffer, slice: Slice): void => {
    slices.set(buffer, slice);
    const maker = makers.get(buffer);
    if (maker?.op === "matmul") opening.add(maker.x);
    else if (maker?.op === "rmsNorm" && maker.weight.columns === headDim) traceBack(maker.x, slice);
    else throw unsupported(`"${buffer.name}" is neither a product nor the norm of each head of one`);
  };
  for (const step of steps) {
    if ("y" in step) makers.set(step.y, step);
    if (step.op === "quantizeActivations") {
      const slice = slices.get(step.x);
      if (slice !== undefined) slices.set(step.y, slice);
    } else if (step.op === "storeKv") {
      traceBack(step.k, keys);
      traceBack(step.v, keys);
    } else if (step.op === "attention") {
      const { kvHeads, headDim: width } = step.shape;
      if (step.heads !== numAttentionHeads || kvHeads !== numKeyValueHeads || width !== headDim)
        throw unsupported(`${step.heads} heads of ${width} over ${kvHeads} are not the manifest's`);
      traceBack(step.q, queries);
      slices.set(step.y, queries);
    } else if (step.op === "geluMultiply") {
      if (step.y.columns !== intermediateSize)
        throw unsupported(`a feed-forward of ${step.y.columns} columns is not the manifest's`);
      traceBack(step.gate, gated);
      traceBack(step.up, gated);
      slices.set(step.y, gated);
    }
  }
  const narrow = new Map([...slices].map(([buffer, { count }]) => [buffer, { ...buffer, columns: count }]));
  return { of: slices, narrow, opening };
}

/** A step as the part takes it, over the columns it has. */
export function cutStep(step: KernelStep, { of, narrow }: Slices, part: LayerPart): KernelStep {
  const own = (buffer: RowBuffer) => narrow.get(buffer) ?? buffer;
  const ownShape = (shape: AttentionShape) => ({ ...shape, kvHeads: part.kvHeads });
  switch (step.op) {
    case "quantizeActivations":
    case "rmsNorm":
      return { ...step, x: own(step.x), y: own(step.y) };
    case "matmul":
      return {
        ...step,
        x: own(step.x),
        matrix: cutMatrix(step.matrix, of.get(step.x), of.get(step.y)),
        y: own(step.y),
      };
    case "rotary": {
      const x = own(step.x);
      return { ...step, x, heads: x.columns / step.shape.headDim, shape: ownShape(step.shape) };
    }
    case "storeKv":
      return { ...step, k: own(step.k), v: own(step.v), shape: ownShape(step.shape) };
    case "attention":
      return { ...step, q: own(step.q), y: own(step.y), heads: part.heads, shape: ownShape(step.shape) };
    case "geluMultiply":
      return { ...step, gate: own(step.gate), up: own(step.up), y: own(step.y) };
    default:
      throw unsupported(`a ${step.op} comes between the products of a block`);
  }
}

function cutMatrix(matrix: Matrix, columns: Slice | undefined, outputs: Slice | undefined): Matrix {
  if (columns !== undefined && outputs !== undefined)
    throw unsupported("a product of some columns makes rows that are cut again");
  if (outputs !== undefined) return sliceOutputs(matrix, outputs);
  return columns === undefined ? matrix : sliceColumns(matrix, columns);
}
