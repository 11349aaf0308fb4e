import type { ExternalRange } from "../onnx/graph.ts";

/** What a graph is compiled to: kernel calls over row buffers, matrices and vectors that are placed in memory later. */
export interface Program<OneStep extends Step = KernelStep> {
  /** Rows come in here; null where the program begins with token ids. */
  readonly input: RowBuffer | null;
  readonly output: RowBuffer;
  readonly steps: readonly OneStep[];
  readonly matrices: readonly Matrix[];
  readonly vectors: readonly Vector[];
}

/** A buffer of the run: `columns` float32 a row, or the quantised form of such a row. */
export interface RowBuffer {
  readonly name: string;
  readonly form: "float32" | "activations";
  readonly columns: number;
}

/** Consecutive output rows of a matrix, as one MatMulNBits node and its file have them. */
export interface MatrixPiece {
  /** Names the tensor in errors. */
  readonly name: string;
  readonly firstOutput: number;
  readonly outputs: number;
  readonly bytes: ExternalRange;
  readonly scales: ExternalRange;
}

/** A quantised matrix [outputs, columns] in blocks of 32 columns. */
export interface Matrix {
  readonly bits: 4 | 8;
  readonly outputs: number;
  readonly columns: number;
  readonly pieces: readonly MatrixPiece[];
  /** Where the columns lie in the file's rows; left out where those hold nothing else. */
  readonly cut?: { readonly firstColumn: number; readonly fileColumns: number };
}

/** A float32 constant [columns]. */
export interface Vector {
  readonly name: string;
  readonly columns: number;
  readonly data: ExternalRange;
}

/** One layer's share of the KV cache and how its heads are laid out. */
export interface AttentionShape {
  /** Counts the attention nodes of the stage. */
  readonly layer: number;
  readonly kvHeads: number;
  readonly headDim: number;
}

/** One kernel call; the names are those of `Kernels`. */
export type KernelStep =
  | { readonly op: "quantizeActivations"; readonly x: RowBuffer; readonly y: RowBuffer }
  | { readonly op: "matmul"; readonly x: RowBuffer; readonly matrix: Matrix; readonly y: RowBuffer }
  | { readonly op: "gather"; readonly matrix: Matrix; readonly y: RowBuffer }
  | {
      /** Of whole rows, or of each part of a row that is as wide as the weight. */
      readonly op: "rmsNorm";
      readonly x: RowBuffer;
      readonly weight: Vector;
      readonly epsilon: number;
      readonly y: RowBuffer;
    }
  | { readonly op: "add"; readonly a: RowBuffer; readonly b: RowBuffer; readonly y: RowBuffer }
  | { readonly op: "scale"; readonly x: RowBuffer; readonly factor: number; readonly y: RowBuffer }
  | { readonly op: "geluMultiply"; readonly gate: RowBuffer; readonly up: RowBuffer; readonly y: RowBuffer }
  | { readonly op: "softCap"; readonly x: RowBuffer; readonly cap: number; readonly y: RowBuffer }
  | { readonly op: "rotary"; readonly x: RowBuffer; readonly heads: number; readonly shape: AttentionShape }
  | { readonly op: "storeKv"; readonly k: RowBuffer; readonly v: RowBuffer; readonly shape: AttentionShape }
  | {
      readonly op: "attention";
      readonly q: RowBuffer;
      readonly shape: AttentionShape;
      readonly heads: number;
      readonly scale: number;
      readonly softCap: number;
      /** Keys a row sees, itself included; 0 is all. */
      readonly window: number;
      readonly y: RowBuffer;
    };

/** What a split stage's first part does with the others. */
export type ExchangeStep =
  /** Rows go to them, for block `block` of the stage. */
  | { readonly op: "share"; readonly x: RowBuffer; readonly block: number }
  /** What they made of those rows is added to this part's own, in place. */
  | { readonly op: "join"; readonly x: RowBuffer };

export type Step = KernelStep | ExchangeStep;

/** The row buffers a step reads (or changes in place). */
export function stepReads(step: Step): readonly RowBuffer[] {
  switch (step.op) {
    case "gather":
      return [];
    case "add":
      return [step.a, step.b];
    case "geluMultiply":
      return [step.gate, step.up];
    case "storeKv":
      return [step.k, step.v];
    case "attention":
      return [step.q];
    default:
      return [step.x];
  }
}

/** The row buffer a step makes, if any. */
export const stepWrites = (step: Step): RowBuffer | null => ("y" in step ? step.y : null);

/** Steps whose kernel allows `y` to be one of its inputs. */
export const worksInPlace = (step: Step): boolean =>
  step.op === "add" || step.op === "geluMultiply" || step.op === "softCap";
