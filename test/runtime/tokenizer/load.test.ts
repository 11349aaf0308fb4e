import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { ModelSource } from "../../../runtime/model-source.ts";
import { loadTokenizer } from "../../../runtime/tokenizer/load.ts";
import { WeightsError } from "../../../weights/errors.ts";
import type { Manifest } from "../../../weights/manifest.ts";
import { smallTokenizerFile } from "./small-vocabulary.ts";

const entry = {
  path: "tokenizer.bin",
  bytes: smallTokenizerFile.length,
  sha256: createHash("sha256").update(smallTokenizerFile).digest("hex"),
};

/** Only the field the loader reads. */
const manifest = (tokenizer: Manifest["tokenizer"]) => ({ tokenizer }) as Manifest;

const sourceOf = (...chunks: Uint8Array[]): ModelSource => ({
  open: async (path) => {
    if (path !== entry.path) throw new WeightsError(`no ${path}`);
    return new ReadableStream({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(chunk);
        controller.close();
      },
    });
  },
});

describe("loadTokenizer", () => {
  it("reads the file in whatever chunks it comes", async () => {
    const source = sourceOf(smallTokenizerFile.subarray(0, 1001), smallTokenizerFile.subarray(1001));
    const tokenizer = await loadTokenizer(source, manifest(entry));
    expect(tokenizer?.decode(tokenizer.encode(" the"))).toBe(" the");
  });

  it("gives null for a model without one", async () => {
    expect(await loadTokenizer(sourceOf(), manifest(null))).toBeNull();
  });

  it("refuses a file that is shorter, longer or other than the manifest says", async () => {
    const changed = smallTokenizerFile.slice();
    changed[changed.length - 1]! ^= 1;
    await expect(loadTokenizer(sourceOf(changed), manifest(entry))).rejects.toThrow(/SHA-256/);
    await expect(loadTokenizer(sourceOf(smallTokenizerFile.subarray(1)), manifest(entry))).rejects.toThrow(
      /the manifest says/,
    );
    await expect(loadTokenizer(sourceOf(smallTokenizerFile, changed), manifest(entry))).rejects.toThrow(/longer/);
    await expect(loadTokenizer(sourceOf(), manifest({ ...entry, path: "other.bin" }))).rejects.toThrow(WeightsError);
  });
});
