import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PERU_ANSWER, PERU_PROMPT } from "../runtime/demo-model.ts";
import { writeCheckpoint } from "../weights/tiny-checkpoint.ts";
import { DEMO_FOLDER, failureOf, lapidary } from "./lapidary.ts";

const folder = await mkdtemp(join(tmpdir(), "lapidary-conform-"));
afterAll(() => rm(folder, { recursive: true }));

/** A model without a tokenizer, of no known name. */
const tiny = join(folder, "tiny");
beforeAll(async () => {
  await lapidary("convert", writeCheckpoint(join(folder, "checkpoint")), tiny);
});

async function expectations(name: string, ...lines: object[]): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  return path;
}

const greedyPeru = { check: "greedy", name: "peru", ids: PERU_PROMPT };

/** The report, whether the command failed or not. */
async function conform(...args: string[]) {
  const { code, stdout } = await lapidary("conform", ...args, "--json").then(
    (done) => ({ code: 0, ...done }),
    (error: { code: number; stdout: string }) => error,
  );
  return { code, ...JSON.parse(stdout) };
}

test.each([
  ["ort", ["--engine", "ort", "--nll-within", "0.00001"]],
  ["simd, 16-bit activations", ["--activations", "16", "--nll-within", "0.0002"]],
  ["simd, 8-bit activations", ["--nll-within", "0.01"]],
])(
  "the demo model's folder is as it ships: %s",
  async (_, options) => {
    const report = await conform(DEMO_FOLDER, ...options);
    expect(report).toMatchObject({ code: 0, subject: "lapidary-demo", conforms: true, failed: 0, notAsked: 0 });
    expect(report.passed).toBeGreaterThan(60);
  },
  120_000,
);

test("wrong tokens, prompts, likelihoods and answers each fail, and the table says which", async () => {
  const messages = [{ role: "user", content: "What is the capital of Peru?" }];
  const file = await expectations(
    "wrong.jsonl",
    { check: "tokens", text: "Hello", ids: [5, 6] },
    { check: "template", messages, ids: [...PERU_PROMPT, 108] },
    { check: "score", name: "unlikely", ids: PERU_PROMPT, next_logprob: PERU_PROMPT.slice(1).map(() => -9) },
    { ...greedyPeru, tokens: PERU_ANSWER.with(3, 5), gaps: PERU_ANSWER.map(() => 7) },
    { check: "answer", messages, text: "The capital of Peru is Cusco." },
  );
  const { code, stdout } = await lapidary("conform", DEMO_FOLDER, "--expect", file).then(
    () => ({ code: 0, stdout: "" }),
    (error: { code: number; stdout: string }) => error,
  );
  expect(code).toBe(1);
  expect(stdout).toMatch(/failed: tokens "Hello": expected 2 ids, found \d+; at 0 expected 5/);
  expect(stdout).toMatch(/failed: template .*expected 20 ids, found 19; at 19 expected 108, found none/);
  expect(stdout).toMatch(/failed: score unlikely: negative log-likelihood −\d/);
  expect(stdout).toMatch(/failed: greedy peru: token 3, 5, is not the most probable/);
  expect(stdout).toMatch(/failed: answer .*Cusco.*Lima/);
  expect(stdout).toMatch(/lapidary-demo does not conform/);
});

test("a greedy token may differ where the lead is unclear", async () => {
  const tokens = PERU_ANSWER.with(3, 5);
  const unclear = await expectations("unclear.jsonl", { ...greedyPeru, tokens, gaps: tokens.map(() => 0.4) });
  // What follows the wrong token is as unclear.
  expect(await conform(DEMO_FOLDER, "--expect", unclear)).toMatchObject({ code: 0, passed: 1 });
  expect(await conform(DEMO_FOLDER, "--expect", unclear, "--clear-gap", "0.3")).toMatchObject({ code: 1, failed: 1 });
});

test("what a folder cannot be asked is told and does not conform alone", async () => {
  const file = await expectations("text.jsonl", { check: "tokens", text: "Hello", ids: [1] });
  const report = await conform(tiny, "--expect", file);
  expect(report).toMatchObject({ code: 1, conforms: false, failed: 0, notAsked: 1 });
  expect(report.checks[0].detail).toMatch(/no tokenizer/);
});

test("a model nothing is known of, and a line that is no expectation, are named", async () => {
  const file = await expectations("odd.jsonl", greedyPeru);
  expect(await failureOf("conform", DEMO_FOLDER, "--expect", file)).toMatch(/odd\.jsonl, line 1: .*tokens/s);
  const short = await expectations("short.jsonl", { check: "score", name: "x", ids: [2, 3, 4], next_logprob: [-1] });
  expect(await failureOf("conform", DEMO_FOLDER, "--expect", short)).toMatch(/3 ids have 2 next ones/);
  expect(await failureOf("conform", tiny)).toMatch(/nothing is known of a model named checkpoint/);
});

test("options that say nothing of the subject, and a service that is not there, are refused", async () => {
  expect(await failureOf("conform", DEMO_FOLDER, "--key", "lap_x")).toMatch(/--key says nothing of .*a folder/);
  expect(await failureOf("conform", "http://127.0.0.1:9", "--engine", "ort")).toMatch(/--engine says nothing of/);
  expect(await failureOf("conform", "http://127.0.0.1:9", "--key", "k", "--model", "lapidary-demo")).toMatch(
    /http:\/\/127\.0\.0\.1:9\/v1\/completions does not answer/,
  );
});
