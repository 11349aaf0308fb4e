import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { WeightsError } from "../../../weights/errors.ts";
import { SafetensorsFile } from "../../../weights/sources/safetensors.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { encodeSafetensors, withHeader } from "../tiny-checkpoint.ts";

const good = () =>
  Buffer.from(
    encodeSafetensors(
      { a: { shape: [2, 3], values: new Float32Array(6) }, b: { shape: [4], values: new Float32Array(4) } },
      "F32",
    ),
  );
const header = (entries: object, dataBytes = 40) => withHeader(JSON.stringify(entries), new Uint8Array(dataBytes));
const entry = (begin: number, end: number, rest: object = {}) => ({
  dtype: "F32",
  shape: [(end - begin) / 4],
  data_offsets: [begin, end],
  ...rest,
});

test.each([
  ["an empty file", new Uint8Array(0), /0 bytes are too few/],
  ["a cut length prefix", good().subarray(0, 5), /5 bytes are too few/],
  ["a cut header", good().subarray(0, 60), /the header claims \d+ bytes, the file has 52/],
  ["cut data", good().subarray(0, good().length - 1), /tensor b ends at byte \d+, the file at \d+/],
  ["a giant header length", withHeader("{}", new Uint8Array(0), 2n ** 63n + 5n), /claims 9223372036854775813 bytes/],
  ["a header over the limit", withHeader("{}", new Uint8Array(0), 100_000_001n), /at most 100000000 are allowed/],
  ["a header that is not JSON", withHeader("{]", new Uint8Array(0)), /not JSON/],
  ["a header that is a list", withHeader("[]", new Uint8Array(0)), /not a JSON object/],
  [
    "an unknown dtype",
    header({ x: entry(0, 40, { dtype: "I64", shape: [5] }) }),
    /tensor x has dtype I64, expected one of F32, F16, BF16/,
  ],
  ["a dtype named like an object's method", header({ x: entry(0, 40, { dtype: "toString" }) }), /has dtype toString/],
  ["overlapping tensors", header({ x: entry(0, 24), y: entry(20, 40) }), /tensor y overlaps tensor x/],
  ["a gap between tensors", header({ x: entry(0, 16), y: entry(20, 40) }), /4 bytes between tensor x and tensor y/],
  ["bytes after the last tensor", header({ x: entry(0, 36) }), /4 bytes after tensor x/],
  ["offsets outside the file", header({ x: entry(0, 4000) }), /tensor x ends at byte \d+, the file at \d+/],
  [
    "offsets that run backwards",
    header({ x: { dtype: "F32", shape: [1], data_offsets: [8, 4] } }),
    /tensor x: F32 \[1\] takes 4 bytes/,
  ],
  [
    "a shape that does not fill its bytes",
    header({ x: entry(0, 40, { shape: [3, 3] }) }),
    /tensor x: F32 \[3,3\] takes 36 bytes, its offsets 0 to 40 hold 40/,
  ],
  [
    "a shape whose product overflows",
    header({ x: entry(0, 40, { shape: [2 ** 40, 2 ** 40] }) }),
    /at most 1099511627776 are allowed/,
  ],
  ["a negative dimension", header({ x: entry(0, 40, { shape: [-10] }) }), /tensor x: .*shape/s],
  ["a missing field", header({ x: { dtype: "F32", shape: [10] } }), /tensor x: .*data_offsets/s],
])("%s is refused", async (_, bytes, message) => {
  const path = join(temporaryFolder(), "model.safetensors");
  writeFileSync(path, bytes);
  const error = await SafetensorsFile.open(path).then(
    (file) => file.close().then(() => undefined),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(WeightsError);
  expect((error as Error).message).toMatch(message);
  expect((error as Error).message).toContain(path);
});

test("an absent file is refused by name", async () => {
  const path = join(temporaryFolder(), "model.safetensors");
  await expect(SafetensorsFile.open(path)).rejects.toThrow(`${path}: cannot be opened (ENOENT)`);
});
