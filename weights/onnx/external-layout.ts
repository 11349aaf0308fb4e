import { WeightsError } from "../errors.ts";
import { MAX_FILE_BYTES } from "../manifest.ts";
import type { ExternalRange } from "./graph.ts";

/** Begin of every tensor in an external-data file; a cache line, and what mapping tools ask for at least. */
const ALIGNMENT_BYTES = 64;

/** Room a single piece of a matrix may take, so that a small tensor still fits into the file before it. */
export const MAX_PIECE_BYTES = 24 * 1024 * 1024;

export const align = (bytes: number) => Math.ceil(bytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;

/** Rows of a checkpoint's tensor, how they are stored, and where. */
export interface WeightPiece {
  readonly encoding: "int4" | "int8" | "rms-norm";
  /** Name and shape of the checkpoint's tensor. */
  readonly source: string;
  readonly sourceShape: readonly number[];
  readonly firstRow: number;
  readonly rows: number;
  readonly columns: number;
  /** fp16 scales (none of a norm), always in front of the data in the same file. */
  readonly scales: ExternalRange | null;
  readonly data: ExternalRange;
}

export interface DataFile {
  readonly path: string;
  readonly bytes: number;
  readonly pieces: readonly WeightPiece[];
}

/** Assigns byte ranges in a shard's external-data files, in the order of the calls. */
export class ExternalLayout {
  readonly #fileName: (index: number) => string;
  readonly #files: { path: string; bytes: number; pieces: WeightPiece[] }[] = [];

  constructor(fileName: (index: number) => string) {
    this.#fileName = fileName;
  }

  get files(): readonly DataFile[] {
    return this.#files;
  }

  /** Places a piece of `scaleBytes` + `dataBytes`; it opens a new file when the current one has no room for both. */
  place(
    piece: Omit<WeightPiece, "scales" | "data">,
    { scaleBytes, dataBytes }: { scaleBytes: number; dataBytes: number },
  ): WeightPiece {
    const needed = align(scaleBytes) + align(dataBytes);
    if (needed > MAX_FILE_BYTES)
      throw new WeightsError(
        `${piece.source}: rows ${piece.firstRow} on take ${needed} bytes, a file ${MAX_FILE_BYTES}`,
      );
    let file = this.#files.at(-1);
    if (file === undefined || file.bytes + needed > MAX_FILE_BYTES) {
      file = { path: this.#fileName(this.#files.length), bytes: 0, pieces: [] };
      this.#files.push(file);
    }
    const offset = file.bytes;
    const placed: WeightPiece = {
      ...piece,
      scales: scaleBytes === 0 ? null : { file: file.path, offset, bytes: scaleBytes },
      data: { file: file.path, offset: offset + align(scaleBytes), bytes: dataBytes },
    };
    file.pieces.push(placed);
    file.bytes += needed;
    return placed;
  }
}
