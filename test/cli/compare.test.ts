import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { addDivergence, noDivergence } from "../../runtime/divergence.ts";
import { PERU_ANSWER, PERU_PROMPT } from "../runtime/demo-model.ts";
import { writeCheckpoint } from "../weights/tiny-checkpoint.ts";
import { DEMO_FOLDER, failureOf, lapidary } from "./lapidary.ts";

const folder = await mkdtemp(join(tmpdir(), "lapidary-compare-"));
afterAll(() => rm(folder, { recursive: true }));

async function idsFile(name: string, ...prompts: number[][]): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, prompts.map((ids) => `${JSON.stringify(ids)}\n`).join(""));
  return path;
}

async function compare(model: string, reference: string, file: string) {
  const { stdout } = await lapidary("compare", model, reference, "--ids-file", file);
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

test("a model does not differ from itself; its likelihood is what score says", async () => {
  const ids = [...PERU_PROMPT, ...PERU_ANSWER];
  const file = await idsFile("peru.jsonl", ids, PERU_PROMPT);
  const [first, second, all, ...others] = await compare(DEMO_FOLDER, DEMO_FOLDER, file);
  expect(others).toEqual([]);
  expect(first).toMatchObject({ positions: ids.length, kl: 0, topAgreement: 1, nllOverPercent: 0, perplexityRatio: 1 });
  expect(all).toMatchObject({ prompts: 2, positions: ids.length + PERU_PROMPT.length, kl: 0 });
  const { stdout } = await lapidary("score", DEMO_FOLDER, "--ids-file", file);
  const scores = stdout.trimEnd().split("\n");
  expect([first.nll, second.nll]).toEqual(scores.map((line) => JSON.parse(line).nll));
});

test("4 bits differ from 8, and a model of another vocabulary is refused", async () => {
  const checkpoint = writeCheckpoint(join(folder, "checkpoint"));
  const [four, eight] = [join(folder, "four"), join(folder, "eight")];
  await lapidary("convert", checkpoint, four);
  await lapidary("convert", checkpoint, eight, "--bits-per-weight", "8.5");
  const file = await idsFile("tiny.jsonl", [2, 700, 33, 1087, 5]);
  const [one] = await compare(four, eight, file);
  expect(one.kl).toBeGreaterThan(0);
  expect(one.perplexityRatio).toBeCloseTo(Math.exp(one.nll - one.referenceNll), 12);
  expect(await failureOf("compare", four, DEMO_FOLDER, "--ids-file", file)).toMatch(
    /1088 ids.* 2048.*not the same model/,
  );
});

test("divergence of two distributions written down", () => {
  const sums = noDivergence();
  const logs = (...p: number[]) => Float32Array.from(p, Math.log);
  addDivergence(sums, logs(0.25, 0.25, 0.5), logs(0.5, 0.25, 0.25), 1);
  addDivergence(sums, logs(0.5, 0.5, 0), logs(1, 0, 0), undefined);
  expect(sums.kl).toBeCloseTo(0.25 * Math.LN2 + Math.LN2, 6);
  expect(sums).toMatchObject({ positions: 2, sameTop: 1, scored: 1 });
  expect(sums.referenceNll).toBeCloseTo(2 * Math.LN2, 6);
  expect(sums.nll).toBeCloseTo(2 * Math.LN2, 6);
});
