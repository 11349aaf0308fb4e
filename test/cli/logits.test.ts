import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { allLogits } from "../runtime/all-logits.ts";
import { bitsOf, openDemoModel, PERU_PROMPT } from "../runtime/demo-model.ts";
import { DEMO_FOLDER, failureOf, lapidary } from "./lapidary.ts";

const folder = await mkdtemp(join(tmpdir(), "lapidary-logits-"));
afterAll(() => rm(folder, { recursive: true }));

async function logits(...args: string[]): Promise<Float32Array> {
  const out = join(folder, `${args.join("-")}.f32`);
  const { stdout } = await lapidary("logits", DEMO_FOLDER, "--ids", PERU_PROMPT.join(","), "--out", out, ...args);
  expect(JSON.parse(stdout)).toEqual({ out, positions: PERU_PROMPT.length, vocabulary: 2048 });
  const bytes = await readFile(out);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

test("the file holds the logits of every position", async () => {
  const found = await logits();
  expect(found.length).toBe(PERU_PROMPT.length * 2048);
  expect(bitsOf(found)).toBe(bitsOf(await allLogits(await openDemoModel(), PERU_PROMPT)));
});

test("16-bit activations come nearer to onnxruntime than 8 bits", async () => {
  const judge = await logits("--engine", "ort");
  const rms = async (bits: string) => {
    const found = await logits("--activations", bits);
    return Math.sqrt(found.reduce((sum, x, i) => sum + (x - judge[i]!) ** 2, 0) / judge.length);
  };
  const [narrow, wide] = [await rms("8"), await rms("16")];
  expect(wide).toBeGreaterThan(0);
  expect(wide * 20).toBeLessThan(narrow);
});

test("what is missing or wrong is named", async () => {
  expect(await failureOf("logits", DEMO_FOLDER, "--out", "x")).toMatch(/--ids/);
  expect(await failureOf("logits", DEMO_FOLDER, "--ids", "2")).toMatch(/--out/);
  expect(await failureOf("logits", DEMO_FOLDER, "--ids", "4000", "--out", "x")).toMatch(/token id 4000/);
});
