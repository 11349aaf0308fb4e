import type { ActivationBits } from "../../engine.ts";
import { activationPlaneBytes, activationRowBytes, BLOCK, MAX_WIDE, SEGMENT, WIDE_BASE } from "../layout.ts";
import { quantize, roundHalfEven } from "./fixed-point.ts";
import type { MemoryViews } from "./memory-views.ts";

const float = Math.fround;

/** Byte offset of a plane's segment scales. */
export const planeScales = (columns: number) => 3 * columns + Math.ceil(columns / BLOCK / 4) * 16;

/** Kernels.quantizeActivations, without the parts of a row that only SIMD code reads. */
export function quantizeActivations(
  { f32, i8 }: MemoryViews,
  x: number,
  rows: number,
  columns: number,
  bits: ActivationBits,
  activations: number,
): void {
  const largest = bits === 16 ? MAX_WIDE : 127;
  const planeBytes = activationPlaneBytes(columns);
  for (let row = 0; row < rows; row++) {
    const high = activations + row * activationRowBytes(columns, bits);
    const low = high + planeBytes;
    for (let start = 0; start < columns; start += SEGMENT) {
      const end = Math.min(start + SEGMENT, columns);
      const source = x / 4 + row * columns;
      const { integers, step } = quantize(f32.subarray(source + start, source + end), largest);
      integers.forEach((q, i) => {
        if (bits === 8) {
          i8[high + start + i] = q;
          return;
        }
        const digit = roundHalfEven(float(q * float(1 / WIDE_BASE)));
        i8[high + start + i] = digit;
        i8[low + start + i] = q - WIDE_BASE * digit;
      });
      const scaleIndex = (planeScales(columns) + (start / SEGMENT) * 4) / 4;
      f32[high / 4 + scaleIndex] = bits === 8 ? step : float(step * WIDE_BASE);
      if (bits === 16) f32[low / 4 + scaleIndex] = step;
    }
  }
}
