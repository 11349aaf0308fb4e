import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { convert } from "../../weights/convert.ts";
import { sharedMaterial } from "../shared-material.ts";
import { failureOf, lapidary } from "./lapidary.ts";

const checkpoint = sharedMaterial("golden/gemma1-mqa");

describe.skipIf(checkpoint === null)("a model without a tokenizer", async () => {
  const folder = await mkdtemp(join(tmpdir(), "lapidary-cli-"));
  const model = join(folder, "model");
  if (checkpoint !== null) await convert({ checkpoint, target: model });
  afterAll(() => rm(folder, { recursive: true }));

  test("generates from ids", async () => {
    const { stdout } = await lapidary(
      "generate",
      model,
      "--ids",
      "2,254,344",
      "--max-tokens",
      "3",
      "--temperature",
      "0",
    );
    const whole = JSON.parse(stdout.trim().split("\n").at(-1)!);
    expect(whole).toMatchObject({ text: "", finish: "length", promptTokens: 3, completionTokens: 3 });
  });

  for (const [option, text] of [
    ["--prompt", "Hello"],
    ["--chat", "Hello"],
  ] as const)
    test(`says that ${option} needs one`, async () => {
      expect(await failureOf("generate", model, option, text)).toMatch(/without a tokenizer; give the prompt as --ids/);
    });

  test("says that --stop needs one", async () => {
    expect(await failureOf("generate", model, "--ids", "2", "--stop", "x")).toMatch(/--stop needs a tokenizer/);
  });
});
