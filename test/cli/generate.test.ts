import { describe, expect, test } from "vitest";
import { PERU_ANSWER, PERU_PROMPT } from "../runtime/demo-model.ts";
import { DEMO_FOLDER, failureOf, lapidary } from "./lapidary.ts";

async function generate(...args: string[]) {
  const { stdout } = await lapidary("generate", DEMO_FOLDER, ...args);
  const lines = stdout.trim().split("\n");
  const parsed = lines.map((line) => JSON.parse(line));
  return { tokens: parsed.slice(0, -1), whole: parsed.at(-1) };
}

test("a line a token, and the whole in the last line", async () => {
  const { tokens, whole } = await generate("--chat", "What is the capital of Peru?", "--temperature", "0");
  expect(whole).toEqual({
    text: "The capital of Peru is Lima.",
    ids: PERU_ANSWER,
    finish: "stop",
    promptTokens: PERU_PROMPT.length,
    completionTokens: PERU_ANSWER.length,
  });
  expect(tokens.map(({ text }) => text).join("")).toBe(whole.text);
  expect(tokens.flatMap(({ ids }) => ids)).toEqual(whole.ids);
});

test("ids, the ort engine and 16 bits give the same answer; max-tokens and stop end it", async () => {
  const ids = ["--ids", PERU_PROMPT.join(","), "--temperature", "0"];
  const [ort, wide, short, stopped] = await Promise.all([
    generate(...ids, "--engine", "ort"),
    generate(...ids, "--activations", "16"),
    generate(...ids, "--max-tokens", "3"),
    generate(...ids, "--stop", " is"),
  ]);
  expect(ort!.whole.ids).toEqual(PERU_ANSWER);
  expect(wide!.whole.ids).toEqual(PERU_ANSWER);
  expect(short!.whole).toMatchObject({ text: "The capital of", finish: "length", completionTokens: 3 });
  expect(stopped!.whole).toMatchObject({ text: "The capital of Peru", finish: "stop" });
});

test("a seed draws the same tokens again, another seed others", async () => {
  const draw = (seed: string) =>
    generate("--chat", "Tell me a story.", "--temperature", "1.5", "--top-p", "1", "--top-k", "0", "--seed", seed);
  const [first, again, other] = await Promise.all([draw("1"), draw("1"), draw("18446744073709551615")]);
  expect(again!.whole).toEqual(first!.whole);
  expect(other!.whole.ids).not.toEqual(first!.whole.ids);
});

describe("a request that cannot be run says why", () => {
  const cases: [string, string[], RegExp][] = [
    ["no prompt", [], /give the prompt once/],
    ["two prompts", ["--ids", "2", "--chat", "Hi"], /give the prompt once/],
    ["an id outside the vocabulary", ["--ids", "2,2048"], /token id 2048 is not in the vocabulary.*0 … 2047/],
    ["ids that are no numbers", ["--ids", "2,x"], /--ids.*Expected/],
    ["a prompt beyond the context", ["--ids", `${"2,".repeat(512)}2`], /513 tokens, the context .* is 512/],
    ["more tokens than the context has room for", ["--ids", "2", "--max-tokens", "512"], /511 are left.*not 512/],
    ["a temperature out of range", ["--ids", "2", "--temperature", "3"], /Expected 0 … 2/],
    ["a seed beyond 64 bits", ["--ids", "2", "--seed", "18446744073709551616"], /2\^64/],
    ["an unknown engine", ["--ids", "2", "--engine", "gpu"], /Allowed choices are simd, ort/],
  ];
  for (const [name, args, message] of cases)
    test.concurrent(name, async () => {
      expect(await failureOf("generate", DEMO_FOLDER, ...args)).toMatch(message);
    });

  test("a folder without a model", async () => {
    expect(await failureOf("generate", "docs", "--ids", "2")).toMatch(/cannot read docs\/manifest\.json/);
  });
});
