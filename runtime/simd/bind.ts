import type { ActivationBits, KvBits } from "../engine.ts";
import { InferenceError } from "../errors.ts";
import type { Kernels } from "./kernels.ts";
import type { KvLayer } from "./kv-memory.ts";
import type { KernelStep, Matrix, RowBuffer, Vector } from "./program.ts";

/** One session's consecutive rows inside a batch. */
export interface BatchGroup {
  /** Offset of the session's page table of layers that see all tokens. */
  pageTable: number;
  /** The same of layers with a window. */
  windowTable: number;
  position: number;
  /** Of the batch. */
  firstRow: number;
  rows: number;
}

/** What changes from call to call. */
export interface Batch {
  rows: number;
  groups: readonly BatchGroup[];
}

/** Rotary tables [rows, headDim / 2] of a call's rows. */
export interface RotaryPlace {
  readonly cosines: number;
  readonly sines: number;
}

/** How the attention kernels find keys and values, and the scratch of their own. */
export interface AttentionPlace {
  readonly kvBits: KvBits;
  readonly scratch: number;
  /** Of each attention node. */
  readonly layers: readonly KvLayer[];
}

/** Byte offsets of everything a program touches. */
export interface Places {
  readonly buffers: ReadonlyMap<RowBuffer, number>;
  readonly matrices: ReadonlyMap<Matrix, number>;
  readonly vectors: ReadonlyMap<Vector, number>;
  /** Rotary tables of each attention node; none where the program has no attention. */
  readonly rotary: readonly RotaryPlace[];
  /** Null where the program has no attention. */
  readonly attention: AttentionPlace | null;
  /** Token ids, uint32 [rows]; 0 where the program begins with rows. */
  readonly ids: number;
}

export type BoundStep = (batch: Batch) => void;

/** Turns a step into a call with all offsets known, so that running it looks nothing up and allocates nothing. */
export function bindStep(step: KernelStep, kernels: Kernels, places: Places, bits: ActivationBits): BoundStep {
  const at = (buffer: RowBuffer) => known(places.buffers.get(buffer), buffer.name);
  switch (step.op) {
    case "quantizeActivations": {
      const [x, y, { columns }] = [at(step.x), at(step.y), step.x];
      return ({ rows }) => kernels.quantizeActivations(x, rows, columns, bits, y);
    }
    case "matmul": {
      const { columns, outputs } = step.matrix;
      const [x, y, weights] = [at(step.x), at(step.y), known(places.matrices.get(step.matrix), "a matrix")];
      return step.matrix.bits === 4
        ? ({ rows }) => kernels.matmulQ4(x, rows, columns, bits, weights, outputs, y)
        : ({ rows }) => kernels.matmulQ8(x, rows, columns, bits, weights, outputs, y);
    }
    case "gather": {
      const { columns } = step.matrix;
      const [y, weights] = [at(step.y), known(places.matrices.get(step.matrix), "a table")];
      return ({ rows }) => kernels.gatherQ8(weights, columns, places.ids, rows, y);
    }
    case "rmsNorm": {
      const { epsilon } = step;
      const { columns } = step.weight;
      const parts = step.x.columns / columns;
      const [x, y, weight] = [at(step.x), at(step.y), known(places.vectors.get(step.weight), step.weight.name)];
      return ({ rows }) => kernels.rmsNorm(x, rows * parts, columns, weight, epsilon, y);
    }
    case "add": {
      const [a, b, y, { columns }] = [at(step.a), at(step.b), at(step.y), step.y];
      return ({ rows }) => kernels.add(a, b, rows * columns, y);
    }
    case "scale": {
      const [x, y, { columns }, { factor }] = [at(step.x), at(step.y), step.y, step];
      return ({ rows }) => kernels.scale(x, rows * columns, factor, y);
    }
    case "geluMultiply": {
      const [gate, up, y, { columns }] = [at(step.gate), at(step.up), at(step.y), step.y];
      return ({ rows }) => kernels.geluMultiply(gate, up, rows * columns, y);
    }
    case "softCap": {
      const [x, y, { columns }, { cap }] = [at(step.x), at(step.y), step.y, step];
      return ({ rows }) => kernels.softCap(x, rows * columns, cap, y);
    }
    case "rotary": {
      const { heads, shape } = step;
      const x = at(step.x);
      const table = places.rotary[shape.layer];
      if (table === undefined) throw new InferenceError("internal", `attention ${shape.layer} has no rotary tables`);
      return ({ rows }) => kernels.rotary(x, rows, heads, shape.headDim, table.cosines, table.sines);
    }
    default:
      return bindAttention(step, kernels, places.attention, at);
  }
}

/** Attention steps go group by group: each session has its own pages. */
function bindAttention(
  step: KernelStep & { op: "storeKv" | "attention" },
  kernels: Kernels,
  place: AttentionPlace | null,
  at: (buffer: RowBuffer) => number,
): BoundStep {
  const { layer, kvHeads, headDim } = step.shape;
  if (place === null) throw new InferenceError("internal", `attention ${layer} has no place for keys and values`);
  const { kvBits, scratch } = place;
  const { windowed, offset: layerOffset } = place.layers[layer]!;
  if (step.op === "storeKv") {
    const [k, v] = [at(step.k), at(step.v)];
    const rowBytes = kvHeads * headDim * 4;
    return ({ groups }) => {
      for (const { pageTable, windowTable, position, firstRow, rows } of groups) {
        const offset = firstRow * rowBytes;
        const table = windowed ? windowTable : pageTable;
        kernels.storeKv(k + offset, v + offset, rows, position, kvHeads, headDim, table, layerOffset, kvBits);
      }
    };
  }
  const { heads, scale, softCap, window } = step;
  const [q, y] = [at(step.q), at(step.y)];
  const rowBytes = heads * headDim * 4;
  return ({ groups }) => {
    for (const { pageTable, windowTable, position, firstRow, rows } of groups) {
      const offset = firstRow * rowBytes;
      kernels.attention(
        q + offset,
        rows,
        position,
        heads,
        kvHeads,
        headDim,
        scale,
        softCap,
        window,
        windowed ? windowTable : pageTable,
        layerOffset,
        scratch,
        y + offset,
        kvBits,
      );
    }
  };
}

function known(offset: number | undefined, what: string): number {
  if (offset === undefined) throw new InferenceError("internal", `${what} has no place in memory`);
  return offset;
}
