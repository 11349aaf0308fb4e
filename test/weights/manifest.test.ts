import { expect, test } from "vitest";
import { type Manifest, parseManifest } from "../../weights/manifest.ts";
import { GEMMA_2B, manifestOf } from "./manifest-of.ts";

const manifest = manifestOf(GEMMA_2B);
type Change = (draft: Manifest) => void;

function changed(change: Change): string {
  const draft = structuredClone(manifest);
  change(draft);
  return JSON.stringify(draft);
}

test("a manifest survives its own text", () => {
  expect(parseManifest(JSON.stringify(manifest))).toEqual(manifest);
});

test("what is not JSON is refused", () => {
  expect(() => parseManifest("{")).toThrow("manifest.json is not JSON");
});

test.each<[string, Change, RegExp]>([
  [
    "a path that leaves the folder",
    (m) => {
      m.licence.path = "../secret";
    },
    /licence\.path/,
  ],
  [
    "a hash that is no SHA-256",
    (m) => {
      m.layers[3]!.graph.sha256 = "abc";
    },
    /layers\[3\]\.graph\.sha256/,
  ],
  [
    "a file over 25 MiB",
    (m) => {
      m.layers[0]!.data[0]!.bytes = 26_214_401;
    },
    /layers\[0\]\.data\[0\]\.bytes/,
  ],
  [
    "another format version",
    (m) => {
      Object.assign(m, { formatVersion: 2 });
    },
    /formatVersion/,
  ],
  [
    "an unknown field",
    (m) => {
      Object.assign(m, { adapters: [] });
    },
    /adapters/,
  ],
  [
    "a missing layer",
    (m) => {
      m.layers.pop();
    },
    /layers has 17 entries, numHiddenLayers is 18/,
  ],
  [
    "table shards that leave a gap",
    (m) => {
      m.table.shards.splice(1, 1);
    },
    /table\.shards\[1\]\.firstRow is 6144, expected 3072/,
  ],
  [
    "a table shorter than the vocabulary",
    (m) => {
      m.table.shards.pop();
    },
    /the table's shards hold \d+ rows, vocabSize is 256000/,
  ],
  [
    "a shard that begins inside a tile",
    (m) => {
      m.table.shards[0]!.rows = 3000;
      m.table.shards[1]!.firstRow = 3000;
    },
    /does not begin on a tile/,
  ],
  [
    "a width that is no multiple of the block",
    (m) => {
      m.architecture.hiddenSize = 2000;
    },
    /hiddenSize 2000 is not a multiple of 32/,
  ],
])("%s is refused by name", (_, change, message) => {
  expect(() => parseManifest(changed(change))).toThrow(message);
});
