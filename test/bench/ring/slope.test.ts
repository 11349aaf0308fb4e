import { expect, test } from "vitest";
import { median } from "../peers/interleave.ts";
import { msPerToken } from "./slope.ts";

test("what a run costs once is not counted, nor is a run that was disturbed", () => {
  const prompt = 40;
  const short = { tokens: 10, ms: [prompt + 20, prompt + 20, prompt + 900] };
  const long = { tokens: 110, ms: [prompt + 220, prompt + 220, prompt + 220] };
  expect(msPerToken({ short, long }, median)).toBe(2);
});
