import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { WeightPiece } from "../../weights/onnx/external-layout.ts";
import { halfValue } from "../../weights/quantise/half.ts";

/** The float32 values a piece of a model folder stands for, computed as the operators' documentation says. */
export function dequantise(folder: string, { encoding, rows, columns, scales, data }: WeightPiece): Float32Array {
  const file = readFileSync(join(folder, data.file));
  const bytes = file.subarray(data.offset, data.offset + data.bytes);
  return Float32Array.from({ length: rows * columns }, (_, i) => {
    if (encoding === "rms-norm") return bytes.readFloatLE(i * 4);
    const scale = halfValue(file.readUInt16LE(scales!.offset + 2 * Math.floor(i / 32)));
    const step = encoding === "int4" ? ((bytes[i >> 1]! >> (4 * (i % 2))) & 15) - 8 : bytes[i]! - 128;
    return step * scale;
  });
}
