import { expect, test } from "vitest";
import { WeightsError } from "../../../weights/errors.ts";
import { GgufFile } from "../../../weights/sources/gguf-file.ts";
import { array, bool, encodeGguf, GGML_TYPES, type GgufParts, text, u32, type Value } from "./gguf-writer.ts";
import { memoryBytes } from "./memory-bytes.ts";

const a = { name: "a", shape: [2, 32], type: GGML_TYPES.F32, data: new Uint8Array(256) };
const b = { name: "b", shape: [64], type: GGML_TYPES.Q8_0, data: new Uint8Array(68) };
const parts: GgufParts = { metadata: [["general.name", text("x")]], tensors: [a, b] };
const good = encodeGguf(parts);
const changed = (change: Partial<GgufParts>) => encodeGguf({ ...parts, ...change });
const withTensor = (change: object) => changed({ tensors: [{ ...a, ...change }, b] });
const withEntry = (value: Value) => changed({ metadata: [["general.key", value]] });

/** The file with the u64 that follows the text `before` set. */
function withLength(bytes: Buffer, before: string, value: bigint, skip = 0): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeBigUInt64LE(value, copy.indexOf(before) + before.length + skip);
  return copy;
}

test("shapes, types and places are read; offsets count from the aligned end of the header", async () => {
  const file = await GgufFile.over(memoryBytes("x.gguf", good));
  expect(file.tensors.get("a")).toMatchObject({ shape: [2, 32], columns: 32, bytes: 256 });
  expect(file.tensors.get("b")).toMatchObject({ shape: [64], columns: 64, bytes: 68 });
  expect(file.tensors.get("a")!.offset % 32).toBe(0);
  expect(file.tensors.get("b")!.offset).toBe(file.tensors.get("a")!.offset + 256);
});

test("another alignment is followed", async () => {
  const aligned = changed({ metadata: [["general.alignment", u32(256)]], alignment: 256 });
  const file = await GgufFile.over(memoryBytes("x.gguf", aligned));
  expect(file.tensors.get("a")!.offset).toBe(256);
  expect(file.tensors.get("b")!.offset).toBe(512);
});

test.each<[string, Uint8Array, RegExp]>([
  ["an empty file", new Uint8Array(0), /the magic number takes 4 bytes/],
  ["another magic", changed({ magic: "GGML" }), /does not begin with GGUF/],
  ["an older version", changed({ version: 2 }), /of GGUF version 2, expected 3/],
  ["another byte order", changed({ version: 0x03000000 }), /big-endian/],
  ["too many tensors", changed({ tensorCount: 2n ** 63n }), /9223372036854775808 tensors, at most 100000/],
  ["more tensors than the file holds", changed({ tensorCount: 3n }), /has 0 dimensions/],
  ["too many entries", changed({ entryCount: 2n ** 64n - 1n }), /18446744073709551615 metadata entries, at most 65536/],
  ["more entries than the file holds", changed({ entryCount: 4n }), /metadata/],
  [
    "a key twice",
    changed({
      metadata: [
        ["k", u32(1)],
        ["k", u32(1)],
      ],
    }),
    /metadata key k is there twice/,
  ],
  [
    "a giant key",
    withLength(good, "GGUF", 2n ** 40n, 20),
    /key of metadata entry 0 has 1099511627776 bytes, at most 65535/,
  ],
  [
    "a giant string",
    withLength(withEntry(text("x")), "general.key", 2n ** 20n, 4),
    /general.key takes 1048576 bytes from byte \d+ on, the file ends/,
  ],
  [
    "a string over the limit",
    withLength(withEntry(text("x")), "general.key", 2n ** 40n, 4),
    /general.key has 1099511627776 bytes, at most 1048576/,
  ],
  [
    "a giant array",
    withLength(withEntry(array("u64", [1n])), "general.key", 2n ** 24n, 8),
    /general.key takes 134217728 bytes/,
  ],
  [
    "an array of strings beyond the file",
    withLength(withEntry(array("string", ["x"])), "general.key", 100_000n, 8),
    /general.key takes 800000 bytes/,
  ],
  [
    "an array over the limit",
    withLength(withEntry(array("u8", [1])), "general.key", 2n ** 32n, 8),
    /4294967296 elements, at most 16777216/,
  ],
  [
    "arrays nested too deep",
    withEntry(array("array", [array("array", [array("array", [array("array", [array("u8", [])])])])])),
    /nests arrays deeper than 4/,
  ],
  ["an unknown value type", withEntry({ type: 13, value: 0 }), /general.key has value type 13, expected 0 to 12/],
  ["a boolean that is neither", withEntry({ type: "bool", value: 2 }), /general.key is a boolean of value 2/],
  [
    "text that is not UTF-8",
    Buffer.from(good.toString("latin1").replace("general.name", "general.\xff\xffme"), "latin1"),
    /is not UTF-8/,
  ],
  ["alignment 0", changed({ metadata: [["general.alignment", u32(0)]] }), /general.alignment is 0/],
  ["alignment 24", changed({ metadata: [["general.alignment", u32(24)]] }), /general.alignment is 24/],
  [
    "alignment of a wrong type",
    changed({ metadata: [["general.alignment", bool(true)]] }),
    /general.alignment is boolean true/,
  ],
  ["a tensor twice", withTensor({ name: "b" }), /tensor b is there twice/],
  ["a long tensor name", withTensor({ name: "n".repeat(129) }), /name of tensor 0 has 129 bytes, at most 128/],
  ["no dimensions", withTensor({ shape: [] }), /tensor a has 0 dimensions, expected 1 to 4/],
  ["five dimensions", withTensor({ shape: [1, 1, 1, 1, 32] }), /tensor a has 5 dimensions/],
  ["an empty dimension", withTensor({ shape: [0, 32] }), /tensor a has dimension 1 of 0/],
  ["a giant dimension", withTensor({ shape: [2n ** 63n, 32] }), /tensor a has dimension 1 of 9223372036854776000/],
  ["dimensions whose product is giant", withTensor({ shape: [2n ** 38n, 32] }), /1099511627776 elements at most/],
  ["an unknown type", withTensor({ type: 77 }), /tensor a has type 77, expected one of F32/],
  [
    "rows of part of a block",
    withTensor({ shape: [33], type: GGML_TYPES.Q4_0 }),
    /tensor a has rows of 33 values, expected a multiple of 32, a block of Q4_0/,
  ],
  [
    "rows of part of a large block",
    withTensor({ shape: [2, 32], type: GGML_TYPES.Q4_K }),
    /multiple of 256, a block of Q4_K/,
  ],
  [
    "an offset off the alignment",
    withTensor({ offset: 4 }),
    /tensor a has offset 4, expected a multiple of the alignment 32/,
  ],
  ["overlapping tensors", changed({ tensors: [a, { ...b, offset: 224 }] }), /tensor b overlaps tensor a/],
  ["two tensors in one place", changed({ tensors: [a, { ...b, offset: 0 }] }), /overlaps/],
  ["an offset outside the file", withTensor({ offset: 2n ** 60n }), /tensor a ends at byte \d+, the file at \d+/],
  ["cut data", good.subarray(0, good.length - 64), /tensor b ends at byte \d+, the file at \d+/],
])("%s is refused", async (_, bytes, message) => {
  const error: unknown = await GgufFile.over(memoryBytes("x.gguf", bytes)).then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(WeightsError);
  expect((error as Error).message).toMatch(message);
  expect((error as Error).message).toMatch(/^x\.gguf/);
});

test("a header cut anywhere is refused", async () => {
  const headerEnd = good.length - 256 - 96;
  for (let length = 0; length < headerEnd; length++)
    await expect(GgufFile.over(memoryBytes("x.gguf", good.subarray(0, length))), `${length} bytes`).rejects.toThrow(
      WeightsError,
    );
});
