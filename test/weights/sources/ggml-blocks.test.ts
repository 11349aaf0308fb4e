import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { WeightsError } from "../../../weights/errors.ts";
import { blockType, isStepped } from "../../../weights/sources/ggml-blocks/block-types.ts";
import { GGML_TYPES } from "./gguf-writer.ts";

/**
 * Random blocks and their values by llama.cpp's Python package (gguf 0.19, gguf.quants.dequantize), base64 of
 * little-endian bytes.
 */
const samples: Record<keyof typeof GGML_TYPES, { blocks: string; values: string }> = JSON.parse(
  readFileSync(new URL("ggml-blocks.json", import.meta.url), "utf8"),
);

test.each(Object.entries(samples))("%s blocks have ggml's values, bit for bit", (name, { blocks, values }) => {
  const type = blockType(GGML_TYPES[name as keyof typeof GGML_TYPES], "x");
  expect(type.name).toBe(name);
  const bytes = new Uint8Array(Buffer.from(blocks, "base64"));
  const found = new Float32Array((bytes.length / type.bytes) * type.values);
  type.dequantise(bytes, found);
  expect(Buffer.from(found.buffer).toString("base64")).toBe(values);
});

test.each(Object.entries(samples))("values of %s lie whole steps apart", (name, { blocks, values }) => {
  const type = blockType(GGML_TYPES[name as keyof typeof GGML_TYPES], "x");
  expect(isStepped(type)).toBe(!["F32", "F16", "BF16"].includes(name));
  if (!isStepped(type)) return;
  const numbers = new Float32Array(new Uint8Array(Buffer.from(values, "base64")).buffer);
  const steps = new Float32Array(numbers.length / 16);
  type.steps(new Uint8Array(Buffer.from(blocks, "base64")), steps);
  for (const [i, value] of numbers.entries()) {
    const step = steps[i >> 4]!;
    const apart = step === 0 ? value - numbers[i & ~15]! : (value - numbers[i & ~15]!) / step;
    // Beside a large minimum, float32 leaves a small step some hundredths of itself unknown.
    expect(Math.abs(apart - Math.round(apart))).toBeLessThan(0.1);
    expect(Math.abs(apart)).toBeLessThan(256);
  }
});

test("a type that is not read is refused by its name", () => {
  expect(() => blockType(20, "tensor x")).toThrow(WeightsError);
  expect(() => blockType(20, "tensor x")).toThrow(/tensor x has type IQ4_NL, expected one of F32, F16, Q4_0/);
  expect(() => blockType(4, "tensor x")).toThrow(/has type 4,/);
});
