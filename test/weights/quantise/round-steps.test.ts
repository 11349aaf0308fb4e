import { expect, test } from "vitest";
import { halfValue } from "../../../weights/quantise/half.ts";
import { quantiseSteps8 } from "../../../weights/quantise/round-steps.ts";

/** The values of one block as they come back, where levels are `step` apart. */
function restored(values: Float32Array, step: number): number[] {
  const scales = new Uint16Array(1);
  const bytes = new Uint8Array(values.length);
  quantiseSteps8(values, new Float32Array(2).fill(step), scales, bytes);
  return Array.from(bytes, (byte) => (byte - 128) * halfValue(scales[0]!));
}

test("values of whole steps come back as they were", () => {
  const values = Float32Array.from({ length: 32 }, (_, i) => (i - 16) * 0.375);
  expect(restored(values, 0.375)).toEqual([...values]);
});

// Dividing the step until it fits took hours: a Q4_1 block of a fuzzed file had scale 65504, minimum 6e-8 and no levels.
test.each([6e-5, 1e-6])("values of %d beside a step of 65504 take no time to speak of", (value) => {
  const [first] = restored(new Float32Array(32).fill(value), 65_504);
  expect(Math.abs(first! - value)).toBeLessThan(4e-6);
});
