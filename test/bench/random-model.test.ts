import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { convert } from "../../weights/convert.ts";
import { TensorFiles } from "../../weights/sources/tensor-files.ts";
import { gemmaShape } from "./gemma-shape.ts";
import { writeRandomModel } from "./random-model.ts";

const folder = await mkdtemp(join(tmpdir(), "random-model-"));
afterAll(() => rm(folder, { recursive: true }));

async function hashesOf(path: string): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const name of (await readdir(path)).sort())
    hashes[name] = createHash("sha256")
      .update(await readFile(join(path, name)))
      .digest("hex");
  return hashes;
}

test("the same seed writes the same bytes, another seed other weights", async () => {
  for (const [name, seed] of Object.entries({ one: 1, again: 1, other: 2 }))
    await writeRandomModel(join(folder, name), gemmaShape("tiny"), { seed, maxShardBytes: 200_000 });
  const [one, again, other] = await Promise.all(["one", "again", "other"].map((name) => hashesOf(join(folder, name))));
  expect(again).toEqual(one);
  const differing = Object.keys(one!).filter((name) => one![name] !== other![name]);
  expect(differing.length).toBeGreaterThan(1);
  expect(differing.every((name) => name.endsWith(".safetensors"))).toBe(true);
});

test("a layer's weights do not depend on how many layers or files there are", async () => {
  await writeRandomModel(join(folder, "long"), gemmaShape("tiny", 3));
  await writeRandomModel(join(folder, "short"), gemmaShape("tiny", 1), { maxShardBytes: 50_000 });
  const rows = await Promise.all(
    ["long", "short"].map(async (name) => {
      const tensors = await TensorFiles.open(join(folder, name));
      const values = new Float32Array(64 * 256);
      await tensors.readRows("model.layers.0.mlp.down_proj.weight", 0, values);
      await tensors.close();
      return values;
    }),
  );
  expect(rows[0]).toEqual(rows[1]);
  const deviation = Math.sqrt(rows[0]!.reduce((sum, value) => sum + value * value, 0) / rows[0]!.length);
  expect(deviation).toBeCloseTo(1 / 16, 2);
});

test("the converter accepts the folder", async () => {
  await writeRandomModel(join(folder, "source"), gemmaShape("tiny"));
  const manifest = await convert({ checkpoint: join(folder, "source"), target: join(folder, "converted") });
  expect(manifest.architecture.numHiddenLayers).toBe(2);
});
