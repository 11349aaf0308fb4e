import { expect, test } from "vitest";
import { type Expression, Expressions } from "../../../runtime/constrain/expression.ts";

test("a sequence that is put together from its end takes no more room than its parts, and costs what they cost", () => {
  const expressions = new Expressions((bytes) => Uint16Array.from(bytes, (_, index) => bytes.length - index));
  const lengths: number[] = [];
  let later: Expression = expressions.nothing;
  for (let count = 0; count < 2000; count++) {
    later = expressions.sequence(expressions.literal("ab"), later);
    if (later.kind === "sequence") lengths.push(later.parts.length);
  }
  expressions.settleCosts();
  expect(later.cost).toBe(2 * 2000);
  expect(Math.max(...lengths)).toBeLessThan(20);
});
