import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SafetensorsFile } from "../../../weights/sources/safetensors.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { encodeSafetensors } from "../tiny-checkpoint.ts";

/** Every bit pattern of the two 16-bit types that is a finite number. */
const patterns = Float32Array.from({ length: 1 << 16 }, (_, i) => i);
const FLOATS_16 = ["F16", "BF16"] as const;

test.each(["F32", ...FLOATS_16] as const)("%s rows come back as float32, from any row on", async (dtype) => {
  const values = Float32Array.from({ length: 700 * 3 }, (_, i) => ((i % 256) - 128) / 64);
  const path = join(temporaryFolder(), "model.safetensors");
  writeFileSync(
    path,
    encodeSafetensors({ first: { shape: [3], values: values.slice(0, 3) }, m: { shape: [700, 3], values } }, dtype),
  );
  const file = await SafetensorsFile.open(path);
  const rows = new Float32Array(5 * 3);
  await file.readRows(file.tensors.get("m")!, 650, rows);
  await file.close();
  expect(rows).toEqual(values.slice(650 * 3, 655 * 3));
});

test.each(FLOATS_16)("%s: all 65,536 bit patterns mean what the format says", async (dtype) => {
  const path = join(temporaryFolder(), "model.safetensors");
  const data = new Uint8Array(Uint16Array.from(patterns).buffer);
  const header = JSON.stringify({ x: { dtype, shape: [1 << 16], data_offsets: [0, data.length] } });
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(header.length));
  writeFileSync(path, Buffer.concat([prefix, Buffer.from(header), data]));
  const file = await SafetensorsFile.open(path);
  const found = new Float32Array(1 << 16);
  await file.readRows(file.tensors.get("x")!, 0, found);
  await file.close();
  expect(found).toEqual(Float32Array.from(patterns, (bits) => meaning(dtype, bits)));
});

/** Sign, exponent and fraction as IEEE 754 spells them out. */
function meaning(dtype: "F16" | "BF16", bits: number): number {
  const fractionBits = dtype === "F16" ? 10 : 7;
  const exponentBits = 15 - fractionBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  const sign = bits >> 15 ? -1 : 1;
  const exponent = (bits >> fractionBits) & (2 ** exponentBits - 1);
  const fraction = (bits & (2 ** fractionBits - 1)) / 2 ** fractionBits;
  if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
}
