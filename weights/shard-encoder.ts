import { WeightsError } from "./errors.ts";
import { MAX_FILE_BYTES } from "./manifest.ts";
import type { DataFile, WeightPiece } from "./onnx/external-layout.ts";
import { passThrough4 } from "./quantise/pass-through.ts";
import { keepsStored, readRows8 } from "./quantise/plain-rounding.ts";
import type { QuantisedMatrices, QuantisedMatrix } from "./quantise/quantised-matrix.ts";
import { QUANTISATION_BLOCK, quantise4 } from "./quantise/round.ts";
import type { CheckpointTensors, StoredBlocks } from "./sources/checkpoint.ts";

/** Float32 values held while a matrix is rounded. */
const CHUNK_VALUES = 1 << 20;

const NONE: QuantisedMatrices = new Map();

/** Turns a checkpoint's rows into the bytes of external-data files, one file and one chunk of rows at a time. */
export class ShardEncoder {
  readonly #tensors: CheckpointTensors;
  readonly #onEncoded: (bytes: number) => void;
  readonly #file = new ArrayBuffer(MAX_FILE_BYTES);
  #values = new Float32Array(CHUNK_VALUES);

  /** `onEncoded` is told the bytes of the data file that each finished chunk of rows fills. */
  constructor(tensors: CheckpointTensors, onEncoded: (bytes: number) => void) {
    this.#tensors = tensors;
    this.#onEncoded = onEncoded;
  }

  /** The bytes of a data file, valid until the next call. Matrices that are not among `quantised` are rounded. */
  async encode({ bytes, pieces }: DataFile, quantised: QuantisedMatrices = NONE): Promise<Uint8Array> {
    const contents = new Uint8Array(this.#file, 0, bytes).fill(0);
    let reported = 0;
    for (const piece of pieces) {
      const ready = quantised.get(piece.source);
      reported += ready ? this.#copy(piece, ready) : await this.#encodePiece(piece);
    }
    this.#onEncoded(bytes - reported);
    return contents;
  }

  async #encodePiece(piece: WeightPiece): Promise<number> {
    const { encoding, source, columns } = piece;
    const stored = this.#tensors.stored(source);
    const takeOver = encoding === "int4" && keepsStored(this.#tensors, source, 4);
    const chunkRows = Math.max(1, Math.floor(CHUNK_VALUES / columns));
    if (this.#values.length < columns) this.#values = new Float32Array(columns);
    let reported = 0;
    for (let row = 0; row < piece.rows; row += chunkRows) {
      const count = Math.min(chunkRows, piece.rows - row);
      let bytes: number;
      if (stored && takeOver) bytes = await this.#passThrough(piece, row, count, stored);
      else if (encoding === "int8") bytes = await this.#round8(piece, row, count);
      else bytes = await this.#round(piece, row, count);
      this.#onEncoded(bytes);
      reported += bytes;
    }
    return reported;
  }

  /** Writes a piece of a matrix that is quantised already; returns the bytes it takes. */
  #copy({ firstRow, rows, columns, scales, data }: WeightPiece, matrix: QuantisedMatrix): number {
    const blocks = columns / QUANTISATION_BLOCK;
    const rowBytes = data.bytes / rows;
    const scaleBits = matrix.scales.subarray(firstRow * blocks, (firstRow + rows) * blocks);
    new Uint16Array(this.#file, scales!.offset, scaleBits.length).set(scaleBits);
    new Uint8Array(this.#file, data.offset, data.bytes).set(
      matrix.data.subarray(firstRow * rowBytes, (firstRow + rows) * rowBytes),
    );
    this.#onEncoded(scaleBits.byteLength + data.bytes);
    return scaleBits.byteLength + data.bytes;
  }

  /** Writes `count` rows from the piece's row `row` on as they are stored; returns the bytes they take. */
  async #passThrough(piece: WeightPiece, row: number, count: number, stored: StoredBlocks): Promise<number> {
    const { type, read } = stored;
    const blocks = new Uint8Array(((count * piece.columns) / type.values) * type.bytes);
    await read(piece.firstRow + row, blocks);
    return this.#write(piece, row, count, (scales, quantised) => passThrough4(blocks, scales, quantised));
  }

  /** Writes them rounded to 8 bits. */
  async #round8(piece: WeightPiece, row: number, count: number): Promise<number> {
    const values = this.#values.subarray(0, count * piece.columns);
    return this.#write(piece, row, count, await readRows8(this.#tensors, piece.source, piece.firstRow + row, values));
  }

  /** Writes them rounded to 4 bits, or a norm's weights as float32. */
  async #round(piece: WeightPiece, row: number, count: number): Promise<number> {
    const { source, firstRow, columns, data } = piece;
    const values = this.#values.subarray(0, count * columns);
    await this.#tensors.readRows(source, firstRow + row, values);
    if (piece.scales === null) {
      const weights = new Float32Array(this.#file, data.offset, columns);
      const missing = 1 - this.#tensors.normWeightOffset;
      for (let i = 0; i < columns; i++) weights[i] = missing + values[i]!;
      return weights.byteLength;
    }
    return this.#write(piece, row, count, (scales, quantised) => quantise4(values, scales, quantised));
  }

  #write(
    { encoding, source, firstRow, columns, scales, data }: WeightPiece,
    row: number,
    count: number,
    fill: (scales: Uint16Array, quantised: Uint8Array) => void,
  ): number {
    const blocks = columns / QUANTISATION_BLOCK;
    const rowBytes = encoding === "int4" ? columns / 2 : columns;
    const scaleBits = new Uint16Array(this.#file, scales!.offset + row * blocks * 2, count * blocks);
    const quantised = new Uint8Array(this.#file, data.offset + row * rowBytes, count * rowBytes);
    try {
      fill(scaleBits, quantised);
    } catch (cause) {
      throw new WeightsError(`tensor ${source}, rows ${firstRow + row} on: ${(cause as Error).message}`, { cause });
    }
    return scaleBits.byteLength + quantised.byteLength;
  }
}
