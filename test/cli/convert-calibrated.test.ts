import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { sharedMaterial } from "../shared-material.ts";
import { writeCheckpoint } from "../weights/tiny-checkpoint.ts";
import { failureOf, lapidary } from "./lapidary.ts";

const checkpoint = sharedMaterial("demo-model");
const folder = await mkdtemp(join(tmpdir(), "lapidary-calibrate-"));
afterAll(() => rm(folder, { recursive: true }));

const layer = async (model: string) => readFile(join(folder, model, "layer-03-0.bin"));

test.skipIf(checkpoint === null)("the text decides the scales; without one the shipped text does", async () => {
  const text = join(folder, "text.txt");
  await writeFile(text, `${"The cat sat on the mat and thought about fish. ".repeat(12)}\n---\ntoo short\n`);
  const convert = async (name: string, ...args: string[]) => {
    await lapidary("convert", checkpoint!, join(folder, name), "--method", "search", ...args);
    return layer(name);
  };
  const own = await convert("own", "--calibrate", text);
  expect(own.equals(await convert("shipped", "--calibration-tokens", "300"))).toBe(false);
});

test("a checkpoint without a tokenizer, a text without words, and odd numbers are named", async () => {
  const tiny = writeCheckpoint(join(folder, "tiny"));
  const out = join(folder, "out");
  expect(await failureOf("convert", tiny, out, "--method", "gptq")).toMatch(/has no tokenizer.*--method round/);
  expect(await failureOf("convert", tiny, out, "--bits-per-weight", "9")).toMatch(/expected 4.5 to 8.5 bits a weight/);
  expect(await failureOf("convert", tiny, out, "--method", "gptq", "--calibrate", join(folder, "none"))).toMatch(
    /ENOENT/,
  );
});
