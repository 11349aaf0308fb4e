import type { ExternalRange } from "../onnx/graph.ts";
import type { Matrix } from "./program.ts";

/** Consecutive columns of a row, or outputs of a matrix. */
export interface Slice {
  readonly first: number;
  readonly count: number;
}

/** Outputs first … first + count − 1 of a matrix: in the file whole rows, one range of each piece. */
export function sliceOutputs(matrix: Matrix, { first, count }: Slice): Matrix {
  const pieces = matrix.pieces.flatMap((piece) => {
    const from = Math.max(first, piece.firstOutput);
    const outputs = Math.min(first + count, piece.firstOutput + piece.outputs) - from;
    if (outputs <= 0) return [];
    const rows = (range: ExternalRange): ExternalRange => {
      const rowBytes = range.bytes / piece.outputs;
      return { ...range, offset: range.offset + (from - piece.firstOutput) * rowBytes, bytes: outputs * rowBytes };
    };
    return { ...piece, firstOutput: from - first, outputs, bytes: rows(piece.bytes), scales: rows(piece.scales) };
  });
  return { ...matrix, outputs: count, pieces };
}

/** Columns first … first + count − 1 of a matrix: in the file a stretch of every row. */
export const sliceColumns = (matrix: Matrix, { first, count }: Slice): Matrix => ({
  ...matrix,
  columns: count,
  cut: { firstColumn: first, fileColumns: matrix.columns },
});
