import { expect, test } from "vitest";
import { Turns } from "../../../functions/pipeline/turns.ts";

function taken(turns: Turns, weights: Readonly<Record<string, number>>, count: number): string {
  return Array.from({ length: count }, () => {
    const tenant = turns.next(Object.keys(weights));
    turns.took({ tenant, weight: weights[tenant]! }, 1);
    return tenant;
  }).join("");
}

test("tenants of one weight take turns, others as often as their weights say", () => {
  expect(taken(new Turns(), { a: 1, b: 1, c: 1 }, 6)).toBe("abcabc");
  const unequal = taken(new Turns(), { a: 3, b: 1 }, 400);
  expect([...unequal].filter((tenant) => tenant === "a")).toHaveLength(300);
});

test("who asked for nothing saves nothing up", () => {
  const turns = new Turns();
  expect(taken(turns, { a: 1 }, 50)).toBe("a".repeat(50));
  expect(taken(turns, { a: 1, b: 1 }, 6)).toMatch(/^(b?)(ab)+a?$/);
});

test("a large piece of work is waited off", () => {
  const turns = new Turns();
  turns.next(["a", "b"]);
  turns.took({ tenant: "a", weight: 1 }, 3);
  expect(taken(turns, { a: 1, b: 1 }, 5)).toBe("bbbab");
});
