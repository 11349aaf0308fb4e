import { describe, expect, test } from "vitest";
import { accepts, compiledSchema } from "./random-walk.ts";

const RANGES = [
  { minimum: 0, maximum: 0 },
  { minimum: -12, maximum: 105 },
  { minimum: 7, maximum: 9 },
  { exclusiveMinimum: 9, exclusiveMaximum: 21 },
  { minimum: -305, exclusiveMaximum: -17 },
  { minimum: 99.5, maximum: 101.5 },
  { maximum: -1 },
  { exclusiveMinimum: -3 },
];

const satisfies = (value: number, range: Record<string, number>) =>
  value >= (range.minimum ?? Number.NEGATIVE_INFINITY) &&
  value <= (range.maximum ?? Number.POSITIVE_INFINITY) &&
  value > (range.exclusiveMinimum ?? Number.NEGATIVE_INFINITY) &&
  value < (range.exclusiveMaximum ?? Number.POSITIVE_INFINITY);

describe("integers of the range", () => {
  test.each(RANGES)("%j are all of them and no others", (range) => {
    const grammar = compiledSchema({ type: "integer", ...range });
    for (let value = -1100; value <= 1100; value++)
      expect(accepts(grammar, `${value}`), `${value}`).toBe(satisfies(value, range));
    for (const text of ["", "-", "007", "+8", "8.0", "1e1"]) expect(accepts(grammar, text), text).toBe(false);
  });
});

describe("numbers of the range", () => {
  test.each([...RANGES, { minimum: -0.25, exclusiveMaximum: 1.5 }, { exclusiveMinimum: 0.1, maximum: 0.12 }])(
    "%j are all of them that have two digits after the point or none, and no others",
    (range) => {
      const grammar = compiledSchema({ type: "number", ...range });
      for (let hundredths = -1500; hundredths <= 11_000; hundredths++) {
        const value = hundredths / 100;
        const text = Number.isInteger(value) ? `${value}` : value.toFixed(2);
        expect(accepts(grammar, text), text).toBe(satisfies(value, range));
      }
    },
  );

  test("one of one digit or without a point belongs to it as well", () => {
    const grammar = compiledSchema({ type: "number", minimum: 0, maximum: 2 });
    for (const text of ["0", "1", "2", "0.5", "1.25", "1.123456789"]) expect(accepts(grammar, text), text).toBe(true);
    for (const text of ["3", "2.1", "-1", "-0.5"]) expect(accepts(grammar, text), text).toBe(false);
  });
});
