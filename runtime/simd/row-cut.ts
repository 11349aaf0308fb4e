import type { Matrix } from "./program.ts";

/**
 * Passes on, of a tensor's rows that stream in in chunks of any length, the bytes of the `columns` columns that a matrix
 * takes; `bytesOf` says how many bytes so many columns have. Rows that are taken whole are passed on as they come.
 */
export function cutRows(
  columns: number,
  cut: Matrix["cut"],
  bytesOf: (columns: number) => number,
  take: (bytes: Uint8Array) => void,
): (chunk: Uint8Array) => void {
  if (cut === undefined) return take;
  const rowBytes = bytesOf(cut.fileColumns);
  const from = bytesOf(cut.firstColumn);
  const to = from + bytesOf(columns);
  let inRow = 0;
  return (chunk) => {
    for (let at = 0; at < chunk.length; ) {
      const wanted = inRow >= from && inRow < to;
      const boundary = wanted ? to : inRow < from ? from : rowBytes;
      const count = Math.min(boundary - inRow, chunk.length - at);
      if (wanted) take(chunk.subarray(at, at + count));
      at += count;
      inRow = (inRow + count) % rowBytes;
    }
  };
}
