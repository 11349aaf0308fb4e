import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lapidary } from "../cli/lapidary.ts";
import { PERU_PROMPT } from "../runtime/demo-model.ts";
import { type LocalServer, startLocalServer } from "./local-server.ts";

let server: LocalServer;
beforeAll(async () => {
  server = await startLocalServer();
});
afterAll(() => server?.[Symbol.asyncDispose]());

const conform = (...args: string[]) => lapidary("conform", server.url, "--key", server.key, "--json", ...args);

test("the local server serves the demo model as its expectations say, all of which can be asked", async () => {
  const { stdout } = await conform();
  const { subject, conforms, passed, failed, notAsked, checks } = JSON.parse(stdout);
  expect({ subject, conforms, failed, notAsked }).toEqual({
    subject: "lapidary-demo",
    conforms: true,
    failed: 0,
    notAsked: 0,
  });
  expect(passed).toBe(checks.length);
  expect(new Set(checks.map(({ check }: { check: string }) => check))).toEqual(
    new Set(["tokens", "template", "score", "greedy", "answer"]),
  );
});

test("other tokens than the server's and another prompt fail; ids that it refuses are not asked about", async () => {
  const folder = await mkdtemp(join(tmpdir(), "lapidary-conform-"));
  const file = join(folder, "wrong.jsonl");
  const messages = [{ role: "user", content: "What is the capital of Peru?" }];
  const wrong = [
    // The ids of "Hello" after a space.
    { check: "tokens", text: "Hello", ids: [455, 477, 1969] },
    { check: "template", messages, ids: PERU_PROMPT.slice(1) },
    { check: "template", messages, ids: PERU_PROMPT.with(10, 500) },
    { check: "score", name: "beyond the vocabulary", ids: [2, 100_000], next_logprob: [-1] },
  ];
  await writeFile(file, wrong.map((line) => `${JSON.stringify(line)}\n`).join(""));
  const failure = await conform("--expect", file).then(
    () => null,
    (error: { code: number; stdout: string }) => error,
  );
  await rm(folder, { recursive: true });
  expect(failure?.code).toBe(1);
  const { checks } = JSON.parse(failure!.stdout);
  expect(checks.map(({ result }: { result: string }) => result)).toEqual(["failed", "failed", "failed", "not asked"]);
  expect(checks[0].detail).toMatch(/the first that differs is /);
  expect(checks[1].detail).toBe("expected 18 prompt tokens, found 19");
  expect(checks[2].detail).toMatch(/the expected ids are answered/);
  expect(checks[3].detail).toMatch(/400 .*below 2048/);
});
