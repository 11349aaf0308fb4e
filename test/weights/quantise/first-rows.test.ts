import { expect, test } from "vitest";
import { FirstRows } from "../../../weights/quantise/first-rows.ts";
import { Squares } from "../../../weights/quantise/squares.ts";

test("first rows count as a fifth of all others, however small they are and however the rows come", () => {
  // Sequences of 3 and 2 rows; the first rows alone fill the first column.
  const rows = Float32Array.of(0.5, 0, 0, 3, 0, 4, 0.5, 0, 0, 5);
  const sums = [
    [rows],
    [rows.subarray(0, 2), rows.subarray(2, 6), rows.subarray(6, 10)],
    [rows.subarray(0, 4), rows.subarray(4, 6), rows.subarray(6, 10)],
  ].map((chunks, index) => {
    const squares = new Squares(2);
    const taker = new FirstRows(squares, index === 0 ? [5] : [3, 2]);
    for (const chunk of chunks) taker.add(chunk);
    taker.finish();
    expect([taker.seenRows, squares.rows]).toEqual([5, 5]);
    return [...squares.sums];
  });
  expect(sums[1]![0]).toBeCloseTo(10, 5);
  expect(sums[1]![1]).toBe(50);
  expect(sums[2]).toEqual(sums[1]);
  expect(sums[0]![1]).toBe(50);
});

test("first rows that are large already keep their size", () => {
  const squares = new Squares(1);
  const taker = new FirstRows(squares, [2]);
  taker.add(Float32Array.of(7, 1));
  taker.finish();
  expect([...squares.sums]).toEqual([50]);
});
