import { expect, test } from "vitest";
import { halfValue } from "../../../weights/quantise/half.ts";
import { QUANTISATION_BLOCK, quantise4, quantise8 } from "../../../weights/quantise/round.ts";

function round4(values: Float32Array) {
  const scales = new Uint16Array(values.length / QUANTISATION_BLOCK);
  const nibbles = new Uint8Array(values.length / 2);
  quantise4(values, scales, nibbles);
  const steps = Array.from(values, (_, i) => ((nibbles[i >> 1]! >> (4 * (i & 1))) & 15) - 8);
  return { scales, steps, restored: steps.map((q, i) => q * halfValue(scales[i >> 5]!)) };
}

function round8(values: Float32Array) {
  const scales = new Uint16Array(values.length / QUANTISATION_BLOCK);
  const bytes = new Uint8Array(values.length);
  quantise8(values, scales, bytes);
  const steps = Array.from(bytes, (byte) => byte - 128);
  return { scales, steps, restored: steps.map((q, i) => q * halfValue(scales[i >> 5]!)) };
}

const wave = (magnitude: number) =>
  Float32Array.from({ length: 256 }, (_, i) => magnitude * Math.sin(i * i * 0.37 + 0.1));

test("4 bits: the value of the largest magnitude becomes −8, whatever its sign", () => {
  const values = new Float32Array(64).fill(0.25);
  values[5] = 4;
  values[40] = -4;
  const { scales, steps, restored } = round4(values);
  expect([steps[5], steps[40]]).toEqual([-8, -8]);
  expect([...scales].map(halfValue)).toEqual([-0.5, 0.5]);
  expect(restored[5]).toBe(4);
  expect(restored[40]).toBe(-4);
});

// One step at the far end: the opposite extreme has no +8 and is cut to 7.
test.each([1e-4, 0.3, 700])("4 bits: magnitude %d comes back within one step", (magnitude) => {
  const values = wave(magnitude);
  const { scales, restored } = round4(values);
  for (const [i, value] of values.entries())
    expect(Math.abs(restored[i]! - value)).toBeLessThanOrEqual(Math.abs(halfValue(scales[i >> 5]!)) * 1.01);
});

test.each([1e-3, 0.3, 700])("8 bits: magnitude %d comes back within half a step", (magnitude) => {
  const values = wave(magnitude);
  const { scales, restored } = round8(values);
  for (const [i, value] of values.entries())
    expect(Math.abs(restored[i]! - value)).toBeLessThanOrEqual(halfValue(scales[i >> 5]!) * 0.57);
});

test.each([0, 1e-9, -1e-38])("a block of %d becomes zeros, not NaN", (value) => {
  const values = new Float32Array(32).fill(value);
  for (const { steps, restored } of [round4(values), round8(values)]) {
    expect(steps).toEqual(new Array(32).fill(0));
    expect(restored.every((result) => result === 0)).toBe(true);
  }
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, -3e38])("a weight of %d is refused with its place", (value) => {
  const values = wave(1);
  values[70] = value;
  expect(() => round4(values)).toThrow(/among values 64 to 95/);
  values[70] = value;
  expect(() => round8(values)).toThrow(/among values 64 to 95/);
});
