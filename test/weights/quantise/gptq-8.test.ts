import { expect, test } from "vitest";
import { CompensatedRounding } from "../../../weights/quantise/gptq.ts";
import { compileQuantiseKernels } from "../../../weights/quantise/kernels/compile.mjs";
import { quantise8 } from "../../../weights/quantise/round.ts";
import { SecondMoments } from "../../../weights/quantise/second-moments.ts";
import { correlatedRows, numbers } from "./correlated-rows.ts";
import { rounded8, valuesError } from "./matrix-error.ts";

const COLUMNS = 160;
const OUTPUTS = 71;

const module = await compileQuantiseKernels();
const seen = correlatedRows(600, COLUMNS);
const unseen = correlatedRows(760, COLUMNS).subarray(600 * COLUMNS);

const moments = new SecondMoments(module, COLUMNS, COLUMNS);
moments.add(seen);
const rounding = new CompensatedRounding(module, moments);
const compensated: typeof quantise8 = (values, scales, bytes) => {
  quantise8(values, scales, bytes);
  rounding.quantise8(values, scales, bytes);
};

test("8 bits whose errors are made up for err less than plainly rounded ones, on rows not calibrated with", () => {
  const weights = Float32Array.from({ length: OUTPUTS * COLUMNS }, numbers(7));
  const error = (values: Float32Array) => valuesError(unseen, weights, values, COLUMNS);
  expect(error(rounded8(weights, compensated))).toBeLessThan(0.4 * error(rounded8(weights, quantise8)));
});

test("weights that 8 bits hold exactly come back exactly, the ends of the range among them", () => {
  const exact = Float32Array.from({ length: 4 * COLUMNS }, (_, i) => 0.125 * (i % 32 === 0 ? -127 : (i * 89) % 128));
  expect(rounded8(exact, compensated)).toEqual(exact);
});
