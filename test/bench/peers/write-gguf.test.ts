import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { gemmaShape } from "../gemma-shape.ts";
import { PEERS_FOLDER } from "./installed-package.ts";
import { createPeer } from "./llama-native.ts";
import { writeGguf } from "./write-gguf.ts";

const folder = await mkdtemp(join(tmpdir(), "random-gguf-"));
afterAll(() => rm(folder, { recursive: true }));
const shape = gemmaShape("tiny");

test("the file is as long as announced and the same each time", async () => {
  const bytes = await writeGguf(join(folder, "one.gguf"), shape);
  await writeGguf(join(folder, "two.gguf"), shape);
  expect((await stat(join(folder, "one.gguf"))).size).toBe(bytes);
  const [one, two] = await Promise.all(["one.gguf", "two.gguf"].map((name) => readFile(join(folder, name))));
  expect(one!.equals(two!)).toBe(true);
});

const absent = existsSync(join(PEERS_FOLDER, "node_modules/node-llama-cpp"))
  ? ""
  : " (skipped: the peers are not installed; run `npm ci` in test/bench/peers)";

test.skipIf(absent)(`llama.cpp runs the file${absent}`, async () => {
  const gguf = join(folder, "loaded.gguf");
  await writeGguf(gguf, shape);
  const peer = createPeer({
    ...{ gguf, modelFolder: "", engineBuild: "relaxed" },
    ...{ contextTokens: 256, vocabSize: shape.vocab_size, chromium: "" },
  });
  try {
    expect((await peer.prepare()).version).toContain("llama.cpp");
    expect(await peer.prefill(200)).toBeGreaterThan(0);
    expect(await peer.decode(4, 200)).toBeGreaterThan(0);
  } finally {
    await peer.close();
  }
});
