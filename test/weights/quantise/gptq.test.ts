import { expect, test } from "vitest";
import { CompensatedRounding } from "../../../weights/quantise/gptq.ts";
import { compileQuantiseKernels } from "../../../weights/quantise/kernels/compile.mjs";
import { quantise4 } from "../../../weights/quantise/round.ts";
import { SearchedRounding } from "../../../weights/quantise/search.ts";
import { SecondMoments } from "../../../weights/quantise/second-moments.ts";
import { Squares } from "../../../weights/quantise/squares.ts";
import { correlatedRows, numbers } from "./correlated-rows.ts";
import { productError, rounded } from "./matrix-error.ts";

const COLUMNS = 160;
// Not a multiple of the rows that are rounded together, nor of four.
const OUTPUTS = 71;

const module = await compileQuantiseKernels();
const seen = correlatedRows(600, COLUMNS);
const unseen = correlatedRows(760, COLUMNS).subarray(600 * COLUMNS);
const weights = Float32Array.from({ length: OUTPUTS * COLUMNS }, numbers(7));

function byGptq(rows: Float32Array, blockColumns = COLUMNS) {
  const moments = new SecondMoments(module, COLUMNS, blockColumns);
  moments.add(rows);
  const rounding = new CompensatedRounding(module, moments);
  return rounded(weights, (...to) => rounding.quantise4(...to));
}

function bySearch(rows: Float32Array) {
  const squares = new Squares(COLUMNS);
  squares.add(rows);
  const rounding = new SearchedRounding(module, squares);
  return rounded(weights, (...to) => rounding.quantise4(...to));
}

test("compensating errs less than searching, and searching less than rounding, on rows not calibrated with", () => {
  const error = (result: ReturnType<typeof rounded>) => productError(unseen, weights, result, COLUMNS);
  const [plain, searched, compensated] = [rounded(weights, quantise4), bySearch(seen), byGptq(seen)].map(error);
  expect(searched!).toBeLessThan(0.8 * plain!);
  expect(compensated!).toBeLessThan(0.4 * searched!);
});

test("columns that only make up for their own block still do better than the search", () => {
  const error = (result: ReturnType<typeof rounded>) => productError(unseen, weights, result, COLUMNS);
  const [whole, blocks, searched] = [byGptq(seen), byGptq(seen, 96), bySearch(seen)].map(error);
  expect(whole!).toBeLessThan(blocks!);
  expect(blocks!).toBeLessThan(searched!);
});

test("the same rows give the same bytes, however they come", () => {
  const whole = byGptq(seen);
  expect(byGptq(seen)).toEqual(whole);
  const moments = new SecondMoments(module, COLUMNS, COLUMNS);
  for (let from = 0; from < seen.length; from += 64 * COLUMNS) moments.add(seen.subarray(from, from + 64 * COLUMNS));
  const rounding = new CompensatedRounding(module, moments);
  expect(rounded(weights, (...to) => rounding.quantise4(...to))).toEqual(whole);
});

test("a row is rounded the same whatever rows are beside it", () => {
  const moments = new SecondMoments(module, COLUMNS, COLUMNS);
  moments.add(seen);
  const rounding = new CompensatedRounding(module, moments);
  const whole = byGptq(seen);
  const from = 65 * COLUMNS;
  const scales = new Uint16Array(COLUMNS / 32);
  const nibbles = new Uint8Array(COLUMNS / 2);
  rounding.quantise4(weights.subarray(from, from + COLUMNS), scales, nibbles);
  expect(scales).toEqual(whole.scales.subarray(from / 32, from / 32 + scales.length));
  expect(nibbles).toEqual(whole.nibbles.subarray(from / 2, from / 2 + nibbles.length));
});

test("weights that 4 bits hold exactly come back exactly", () => {
  const exact = Float32Array.from({ length: 4 * COLUMNS }, (_, i) => 0.125 * (((i * 7 + (i >> 5)) % 16) - 8));
  const moments = new SecondMoments(module, COLUMNS, COLUMNS);
  moments.add(seen);
  const rounding = new CompensatedRounding(module, moments);
  const result = rounded(exact, (...to) => rounding.quantise4(...to));
  expect(productError(unseen, exact, result, COLUMNS)).toBe(0);
});

test("activations that were all zero leave rounding column by column", () => {
  const result = byGptq(new Float32Array(64 * COLUMNS));
  expect(productError(unseen, weights, result, COLUMNS)).toBeLessThan(
    2 * productError(unseen, weights, rounded(weights, quantise4), COLUMNS),
  );
});
