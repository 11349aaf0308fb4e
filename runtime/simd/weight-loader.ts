import type { ModelFile } from "../../weights/manifest.ts";
import { ROW_STAGING_BYTES } from "../../weights/packed-sizes.ts";
import { InferenceError } from "../errors.ts";
import { streamModelFile } from "../model-files.ts";
import type { ModelSource } from "../model-source.ts";
import type { ExternalRange } from "../onnx/graph.ts";
import type { Kernels } from "./kernels.ts";
import { BLOCK, q4Bytes, q8Bytes } from "./layout.ts";
import type { Matrix, MatrixPiece, Vector } from "./program.ts";
import { cutRows } from "./row-cut.ts";

/** Where weights go in WASM memory. */
export interface WeightPlaces {
  readonly matrices: ReadonlyMap<Matrix, number>;
  readonly vectors: ReadonlyMap<Vector, number>;
}

export const matrixBytes = ({ bits, outputs, columns }: Matrix) =>
  bits === 4 ? q4Bytes(outputs, columns) : q8Bytes(outputs, columns);

const weightRowBytes = (bits: 4 | 8, columns: number) => (columns * bits) / 8;
const scaleRowBytes = (columns: number) => (columns / BLOCK) * 2;
/** Rows whose scales take a multiple of 16 bytes, whatever the columns: a multiple of LANES. */
const ROW_UNIT = 8;
/** Rows that go through the staging memory at once. */
const stagedRows = (matrix: Matrix) =>
  Math.max(1, Math.floor(ROW_STAGING_BYTES / weightRowBytes(matrix.bits, matrix.columns) / ROW_UNIT)) * ROW_UNIT;
const scaleStagingBytes = (matrices: Iterable<Matrix>) =>
  Math.max(
    0,
    ...[...matrices].flatMap(({ columns, pieces }) =>
      pieces.map(({ outputs }) => Math.ceil((outputs * scaleRowBytes(columns)) / 16) * 16),
    ),
  );

/** Memory the loader writes to on the way: the scales of one tensor, then some rows of it. */
export const stagingBytes = (matrices: readonly Matrix[]) =>
  scaleStagingBytes(matrices) +
  Math.max(0, ...matrices.map((matrix) => stagedRows(matrix) * weightRowBytes(matrix.bits, matrix.columns)));

/** Takes the bytes of one tensor as they stream in. */
interface TensorSink {
  readonly range: ExternalRange;
  write(chunk: Uint8Array): void;
  finish(): void;
}

export interface WeightLoad {
  readonly source: ModelSource;
  /** Every file is read and verified to its end, even where no tensor lies. */
  readonly files: readonly ModelFile[];
  readonly places: WeightPlaces;
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels;
  /** stagingBytes of free memory. */
  readonly staging: number;
}

/**
 * Streams each data file once into WASM memory: norm weights as they are, matrices repacked rows at a time. A chunk is
 * all that JavaScript holds. InferenceError bad_shard when a file is not what the manifest says.
 */
export async function loadWeights({ source, files, places, memory, kernels, staging }: WeightLoad): Promise<void> {
  const bytes = new Uint8Array(memory.buffer);
  const rowStaging = staging + scaleStagingBytes(places.matrices.keys());
  const stage: Staging = { bytes, scales: staging, rows: rowStaging, holds: null };
  const sinks = new Map<string, TensorSink[]>(files.map(({ path }) => [path, []]));
  const add = (sink: TensorSink, name: string) => {
    const list = sinks.get(sink.range.file);
    if (list === undefined)
      throw new InferenceError("internal", `${name} lies in ${sink.range.file}, which is not loaded`);
    list.push(sink);
  };
  for (const [vector, offset] of places.vectors) add(vectorSink(vector, bytes, offset), vector.name);
  for (const [matrix, offset] of places.matrices)
    for (const piece of matrix.pieces) {
      add(scalesSink(matrix, piece, stage), piece.name);
      add(rowsSink(matrix, piece, offset, stage, kernels), piece.name);
    }
  for (const file of files) {
    const ordered = sinks.get(file.path)!.sort((a, b) => a.range.offset - b.range.offset);
    for (const [index, { range }] of ordered.entries())
      if (range.offset === ordered[index + 1]?.range.offset)
        throw new InferenceError("unsupported", `${file.path}: two operators use the tensor at byte ${range.offset}`);
    await loadFile(source, file, ordered);
  }
}

async function loadFile(source: ModelSource, file: ModelFile, sinks: readonly TensorSink[]): Promise<void> {
  let position = 0;
  let next = 0;
  for await (const chunk of streamModelFile(source, file)) {
    const end = position + chunk.length;
    while (next < sinks.length) {
      const { range } = sinks[next]!;
      const rangeEnd = range.offset + range.bytes;
      if (range.offset >= end) break;
      sinks[next]!.write(chunk.subarray(Math.max(0, range.offset - position), rangeEnd - position));
      if (rangeEnd > end) break;
      sinks[next]!.finish();
      next++;
    }
    position = end;
  }
}

function vectorSink({ data }: Vector, bytes: Uint8Array, offset: number): TensorSink {
  let filled = offset;
  return {
    range: data,
    write(chunk) {
      bytes.set(chunk, filled);
      filled += chunk.length;
    },
    finish() {},
  };
}

interface Staging {
  readonly bytes: Uint8Array;
  readonly scales: number;
  readonly rows: number;
  /** The piece whose scales are in staging. */
  holds: MatrixPiece | null;
}

function scalesSink({ columns, cut }: Matrix, piece: MatrixPiece, staging: Staging): TensorSink {
  let filled = 0;
  return {
    range: piece.scales,
    write: cutRows(columns, cut, scaleRowBytes, (bytes) => {
      staging.holds = null;
      staging.bytes.set(bytes, staging.scales + filled);
      filled += bytes.length;
    }),
    finish() {
      staging.holds = piece;
    },
  };
}

function rowsSink(matrix: Matrix, piece: MatrixPiece, offset: number, staging: Staging, kernels: Kernels): TensorSink {
  const { bits, columns, outputs, cut } = matrix;
  const rowBytes = weightRowBytes(bits, columns);
  const capacityBytes = stagedRows(matrix) * rowBytes;
  let filledBytes = 0;
  let row = 0;
  const repack = () => {
    const rows = filledBytes / rowBytes;
    const scales = staging.scales + row * scaleRowBytes(columns);
    const firstOutput = piece.firstOutput + row;
    if (bits === 4) kernels.repackQ4(staging.rows, scales, firstOutput, rows, columns, outputs, offset);
    else kernels.repackQ8(staging.rows, scales, firstOutput, rows, columns, offset);
    row += rows;
    filledBytes = 0;
  };
  const take = (bytes: Uint8Array) => {
    for (let taken = 0; taken < bytes.length; ) {
      const count = Math.min(bytes.length - taken, capacityBytes - filledBytes);
      staging.bytes.set(bytes.subarray(taken, taken + count), staging.rows + filledBytes);
      filledBytes += count;
      taken += count;
      if (filledBytes === capacityBytes) repack();
    }
  };
  return {
    range: piece.bytes,
    write: cutRows(
      columns,
      cut,
      (count) => weightRowBytes(bits, count),
      (bytes) => {
        if (staging.holds !== piece)
          throw new InferenceError(
            "unsupported",
            `${piece.name}: its scales must come right before it in the data files`,
          );
        take(bytes);
      },
    ),
    finish() {
      if (filledBytes > 0) repack();
    },
  };
}
