import { expect, test } from "vitest";
import { halfBits, halfValue } from "../../../weights/quantise/half.ts";

/** The engine's own rounding to binary16, which the type library does not know yet. */
const f16round = (Math as unknown as { f16round(value: number): number }).f16round;

test("every finite half keeps its bits", () => {
  const wrong: number[] = [];
  for (let bits = 0; bits < 0x10000; bits++) {
    if ((bits & 0x7c00) === 0x7c00) continue;
    if (halfBits(halfValue(bits)) !== bits) wrong.push(bits);
  }
  expect(wrong).toEqual([]);
});

test("rounds doubles as the JavaScript engine does, ties to even", () => {
  const values = [
    0.1,
    1 / 3,
    65519.999,
    65520,
    -65520,
    2 ** -24,
    2 ** -25,
    2 ** -25 + 2 ** -60,
    3 * 2 ** -25,
    -0,
    1e-30,
  ];
  for (let bits = 0; bits < 0x7bff; bits += 7) {
    const middle = (halfValue(bits) + halfValue(bits + 1)) / 2;
    values.push(middle, -middle, middle * (1 + 2 ** -40), middle * (1 - 2 ** -40));
  }
  const wrong = values.filter((value) => !Object.is(halfValue(halfBits(value)), f16round(value)));
  expect(wrong).toEqual([]);
});
