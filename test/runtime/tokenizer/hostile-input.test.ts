import { expect, it } from "vitest";
import { Tokenizer } from "../../../runtime/tokenizer/tokenizer.ts";
import { smallTokenizerFile } from "./small-vocabulary.ts";

const tokenizer = new Tokenizer(smallTokenizerFile);

// A quadratic encoder takes a minute or more for any of these; ours some tens of milliseconds.
const LIMIT_MS = 3000;

it.each([
  ["one letter", "a".repeat(100_000)],
  ["spaces", " ".repeat(100_000)],
  ["newlines", "\n".repeat(100_000)],
  ["beginnings of a user-defined piece", "<unused".repeat(15_000)],
  ["pairs", "he".repeat(50_000)],
  ["NULs", "\0".repeat(100_000)],
  ["characters of four bytes", "😀".repeat(25_000)],
])("encodes 100,000 × %s in time and without loss", (_, text) => {
  const started = performance.now();
  const ids = tokenizer.encode(text, { special: true });
  expect(performance.now() - started).toBeLessThan(LIMIT_MS);
  expect(tokenizer.decode(ids)).toBe(text);
});

it("merges a long run as it merges a short one", () => {
  const ids = tokenizer.encode("a".repeat(100_000));
  expect(ids).toEqual(new Array(25_000).fill(tokenizer.id("aaaa")));
});
