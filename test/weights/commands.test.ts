import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test, vi } from "vitest";
import { convertCommand } from "../../cli/commands/convert.ts";
import { inspectCommand } from "../../cli/commands/inspect.ts";
import { planCommand } from "../../cli/commands/plan.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { writeCheckpoint } from "./tiny-checkpoint.ts";

const demo = fileURLToPath(new URL("../../weights/demo/model", import.meta.url));

/** Runs a command in this process; its output and the exit code it asks for. */
async function run(command: ReturnType<typeof planCommand>, ...args: string[]) {
  const printed = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    const spy = vi.spyOn(process[stream], "write").mockImplementation((text) => {
      printed[stream] += text;
      return true;
    });
    onTestFinished(() => spy.mockRestore());
  }
  await command.parseAsync(args, { from: "user" });
  const exitCode = process.exitCode ?? 0;
  process.exitCode = 0;
  return { ...printed, exitCode };
}

test("convert, then inspect", async () => {
  const folder = temporaryFolder();
  const checkpoint = writeCheckpoint(join(folder, "checkpoint"));
  const model = join(folder, "model");
  const converted = await run(convertCommand(), checkpoint, model, "--name", "tiny", "--created", "7");
  expect(converted.stdout).toContain("tiny, 2 layers, 2 table shards, chat template none");
  expect(converted.stderr).toBe(
    `warning: ${checkpoint} has no tokenizer: the model will take and give token ids, but no text\n`,
  );
  const inspected = JSON.parse((await run(inspectCommand(), model, "--json")).stdout) as Record<string, unknown>;
  expect(inspected).toMatchObject({
    name: "tiny",
    createdSeconds: 7,
    tokenizer: false,
    licence: "NOTICE",
    verified: true,
  });
});

test("inspect counts the demo model", async () => {
  const summary = JSON.parse((await run(inspectCommand(), demo, "--json")).stdout) as Record<string, unknown>;
  expect(summary).toMatchObject({
    name: "lapidary-demo",
    parameters: 6_229_248,
    chatTemplate: "gemma",
    tableShards: 2,
  });
  expect(summary.bitsPerWeight).toBeGreaterThan(4.5);
  expect(summary.bitsPerWeight).toBeLessThan(5);
  expect((await run(inspectCommand(), demo)).stdout).toMatch(/^name +lapidary-demo\n/);
});

test.each([
  [
    "changed",
    (path: string) => {
      const bytes = readFileSync(path);
      bytes[1000]! ^= 1;
      writeFileSync(path, bytes);
    },
    /layer-01-0\.bin has SHA-256 [0-9a-f]{64}, the manifest says/,
  ],
  ["longer", (path: string) => appendFileSync(path, "x"), /layer-01-0\.bin has more than/],
  ["shorter", (path: string) => writeFileSync(path, "x"), /layer-01-0\.bin ends after 1 of/],
])("inspect refuses a file that is %s", async (_, damage, message) => {
  const folder = temporaryFolder();
  const model = join(folder, "model");
  await run(convertCommand(), writeCheckpoint(join(folder, "checkpoint")), model);
  damage(join(model, "layer-01-0.bin"));
  await expect(run(inspectCommand(), model)).rejects.toThrow(message);
});

test("plan prints the stages and says by its exit code whether they fit", async () => {
  const fits = await run(planCommand(), demo, "--stages", "3", "--vocabulary-shards", "2");
  expect(fits.stdout).toMatch(/\n +0 +0–1 .*\n +1 +2–3 .*\n +2 +4–5 /);
  expect(fits.stdout).toContain("3 stages, 2 vocabulary shards");
  expect([fits.exitCode, fits.stderr]).toEqual([0, ""]);
  const tight = await run(planCommand(), demo, "--budget-mb", "11", "--stages", "2");
  expect(tight.exitCode).toBe(1);
  expect(tight.stderr).toMatch(
    /^does not fit: stage \d \(3 layers, split into 4 parts\) needs 11\.\d MB, the budget is 11\.0 MB.*use more stages\n$/,
  );
});
