import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { allLogits } from "../runtime/all-logits.ts";
import { openDemoModel, PERU_ANSWER, PERU_PROMPT } from "../runtime/demo-model.ts";
import { DEMO_FOLDER, failureOf, lapidary } from "./lapidary.ts";

const folder = await mkdtemp(join(tmpdir(), "lapidary-score-"));
afterAll(() => rm(folder, { recursive: true }));

const ids = [...PERU_PROMPT, ...PERU_ANSWER];

async function idsFile(...lines: string[]): Promise<string> {
  const path = join(folder, `${lines.length}.jsonl`);
  await writeFile(path, lines.join("\n"));
  return path;
}

test("each line gets the log-probability of every next id and their negative mean", async () => {
  const file = await idsFile(JSON.stringify(ids), "", "[2]", JSON.stringify(PERU_PROMPT));
  const { stdout } = await lapidary("score", DEMO_FOLDER, "--ids-file", file);
  const [whole, single, prompt, ...others] = stdout.trimEnd().split("\n");
  expect(others).toEqual([]);
  expect(JSON.parse(single!)).toEqual({ next_logprob: [], nll: null });

  const logits = await allLogits(await openDemoModel(), ids);
  const expected = ids.slice(1).map((next, position) => {
    const row = Array.from(logits.subarray(position * 2048, (position + 1) * 2048));
    return row[next]! - Math.log(row.reduce((sum, logit) => sum + Math.exp(logit), 0));
  });
  const found = JSON.parse(whole!);
  expect(found.next_logprob.length).toBe(ids.length - 1);
  for (const [i, value] of expected.entries()) expect(found.next_logprob[i]).toBeCloseTo(value, 9);
  expect(found.nll).toBeCloseTo(-expected.reduce((a, b) => a + b, 0) / expected.length, 9);
  // The prompt alone is a prefix, and its scores have the same bits.
  expect(JSON.parse(prompt!).next_logprob).toEqual(found.next_logprob.slice(0, PERU_PROMPT.length - 1));
});

test("onnxruntime scores nearly the same", async () => {
  const file = await idsFile(JSON.stringify(ids), "[2, 106]");
  const scores = async (...args: string[]) => {
    const { stdout } = await lapidary("score", DEMO_FOLDER, "--ids-file", file, ...args);
    return JSON.parse(stdout.split("\n")[0]!).nll as number;
  };
  expect(await scores("--activations", "16")).toBeCloseTo(await scores("--engine", "ort"), 3);
});

test("a line that is not ids is named before anything is loaded", async () => {
  const fails = async (...lines: string[]) =>
    failureOf("score", DEMO_FOLDER, "--ids-file", await idsFile("[2]", ...lines));
  expect(await fails("{}")).toMatch(/line 2: expected a JSON array of token ids/);
  expect(await fails("[2", "[2]")).toMatch(/line 2/);
  expect(await fails("[2]", "[2]", "[2, 2048]")).toMatch(/line 4: .*token id 2048/);
  expect(await failureOf("score", DEMO_FOLDER, "--ids-file", join(folder, "none"))).toMatch(/ENOENT/);
});
