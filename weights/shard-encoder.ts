import { WeightsError } from "./errors.ts";
import { MAX_FILE_BYTES } from "./manifest.ts";
import type { DataFile, WeightPiece } from "./onnx/external-layout.ts";
import { QUANTISATION_BLOCK, quantise4, quantise8 } from "./quantise/round.ts";
import type { TensorFiles } from "./sources/tensor-files.ts";

/** Float32 values held while a matrix is rounded. */
const CHUNK_VALUES = 1 << 20;

/** Turns a checkpoint's rows into the bytes of external-data files, one file and one chunk of rows at a time. */
export class ShardEncoder {
  readonly #tensors: TensorFiles;
  readonly #onEncoded: (bytes: number) => void;
  readonly #file = new ArrayBuffer(MAX_FILE_BYTES);
  #values = new Float32Array(CHUNK_VALUES);

  /** `onEncoded` is told the bytes of the data file that each finished chunk of rows fills. */
  constructor(tensors: TensorFiles, onEncoded: (bytes: number) => void) {
    this.#tensors = tensors;
    this.#onEncoded = onEncoded;
  }

  /** The bytes of a data file, valid until the next call. */
  async encode({ bytes, pieces }: DataFile): Promise<Uint8Array> {
    const contents = new Uint8Array(this.#file, 0, bytes).fill(0);
    let reported = 0;
    for (const piece of pieces) {
      reported += await this.#encodePiece(piece);
    }
    this.#onEncoded(bytes - reported);
    return contents;
  }

  async #encodePiece(piece: WeightPiece): Promise<number> {
    const { source, firstRow, rows, columns } = piece;
    const chunkRows = Math.max(1, Math.floor(CHUNK_VALUES / columns));
    if (this.#values.length < columns) this.#values = new Float32Array(columns);
    let reported = 0;
    for (let row = 0; row < rows; row += chunkRows) {
      const count = Math.min(chunkRows, rows - row);
      const values = this.#values.subarray(0, count * columns);
      await this.#tensors.readRows(source, firstRow + row, values);
      const bytes = this.#store(piece, row, count, values);
      this.#onEncoded(bytes);
      reported += bytes;
    }
    return reported;
  }

  /** Writes `count` rows from the piece's row `row` on; returns the bytes they take. */
  #store(
    { encoding, source, firstRow, columns, scales, data }: WeightPiece,
    row: number,
    count: number,
    values: Float32Array,
  ): number {
    if (scales === null) {
      const weights = new Float32Array(this.#file, data.offset, columns);
      for (let i = 0; i < columns; i++) weights[i] = 1 + values[i]!;
      return weights.byteLength;
    }
    const blocks = columns / QUANTISATION_BLOCK;
    const rowBytes = encoding === "int4" ? columns / 2 : columns;
    const scaleBits = new Uint16Array(this.#file, scales.offset + row * blocks * 2, count * blocks);
    const quantised = new Uint8Array(this.#file, data.offset + row * rowBytes, count * rowBytes);
    const quantise = encoding === "int4" ? quantise4 : quantise8;
    try {
      quantise(values, scaleBits, quantised);
    } catch (cause) {
      throw new WeightsError(`tensor ${source}, rows ${firstRow + row} on: ${(cause as Error).message}`, { cause });
    }
    return scaleBits.byteLength + quantised.byteLength;
  }
}
