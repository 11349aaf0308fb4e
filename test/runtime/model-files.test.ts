import { describe, expect, test } from "vitest";
import { readModelFile } from "../../runtime/model-files.ts";
import { describeFile, MemorySource } from "./memory-source.ts";

const contents = Uint8Array.from({ length: 1000 }, (_, i) => (i * 7) % 256);
const file = describeFile("a.bin", contents);
const LIMIT = 10_000;

test("a good file arrives whole whatever its chunks", async () => {
  for (const chunkBytes of [1, 7, 999, 1000, 5000])
    expect(await readModelFile(new MemorySource([["a.bin", contents]], chunkBytes), file, LIMIT)).toEqual(contents);
});

test("a byte stream fills one buffer again and again", async () => {
  const offeredBytes = new Set<number>();
  let offset = 0;
  const stream = new ReadableStream({
    type: "bytes",
    pull(controller) {
      const { view } = controller.byobRequest!;
      const target = view as Uint8Array<ArrayBuffer>;
      offeredBytes.add(target.byteLength);
      const count = Math.min(100, contents.length - offset);
      target.set(contents.subarray(offset, offset + count));
      offset += count;
      if (count === 0) controller.close();
      controller.byobRequest!.respond(count);
    },
  });
  expect(await readModelFile({ open: async () => stream }, file, LIMIT)).toEqual(contents);
  expect([...offeredBytes]).toEqual([256 * 1024]);
});

describe("a file that is not the manifest's is bad_shard and named", () => {
  const cases: [string, Uint8Array | null, RegExp][] = [
    ["one byte changed", contents.with(500, 1), /^a\.bin has SHA-256 [0-9a-f]{64}, the manifest says/],
    ["too short", contents.slice(1), /^a\.bin ends after 999 of the 1000 bytes/],
    ["too long", new Uint8Array([...contents, 0]), /^a\.bin has more than the 1000 bytes/],
    ["missing", null, /^a\.bin is missing/],
  ];
  for (const [name, found, message] of cases)
    test(name, async () => {
      const source = new MemorySource(found === null ? [] : [["a.bin", found]]);
      const error = await readModelFile(source, file, LIMIT).catch((error) => error);
      expect(error).toMatchObject({ name: "InferenceError", code: "bad_shard" });
      expect(error.message).toMatch(message);
    });
});

test("a file over the caller's limit is not read", async () => {
  await expect(readModelFile(new MemorySource([]), file, 999)).rejects.toThrow(/1000 bytes, the limit is 999/);
});

test("a reader that stops early closes the source", async () => {
  let cancelled = false;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(600)),
    cancel: () => {
      cancelled = true;
    },
  });
  await expect(readModelFile({ open: async () => endless }, file, LIMIT)).rejects.toThrow(/more than/);
  expect(cancelled).toBe(true);
});
