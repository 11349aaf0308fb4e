import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { convert } from "../../weights/convert.ts";
import { folderContents } from "./folder-contents.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { tinyConfig, tinyTensors, writeCheckpoint } from "./tiny-checkpoint.ts";

const damaged = () => {
  const tensors = tinyTensors();
  tensors["model.layers.1.mlp.down_proj.weight"]!.values[77] = Number.NaN;
  return tensors;
};

test("a conversion that fails half way leaves nothing", async () => {
  const folder = temporaryFolder();
  const checkpoint = writeCheckpoint(join(folder, "checkpoint"), { tensors: damaged() });
  await expect(convert({ checkpoint, target: join(folder, "model") })).rejects.toThrow(
    /model\.layers\.1\.mlp\.down_proj\.weight, rows 0 on: expected finite weights/,
  );
  expect(readdirSync(folder)).toEqual(["checkpoint"]);
});

test("a model folder stays as it was when its replacement fails", async () => {
  const folder = temporaryFolder();
  const target = join(folder, "model");
  await convert({ checkpoint: writeCheckpoint(join(folder, "good")), target });
  const before = folderContents(target);
  const bad = writeCheckpoint(join(folder, "bad"), { tensors: damaged() });
  await expect(convert({ checkpoint: bad, target, replace: true })).rejects.toThrow(/finite/);
  expect(folderContents(target)).toEqual(before);
  expect(readdirSync(folder).toSorted()).toEqual(["bad", "good", "model"]);
});

test("an existing folder is replaced only when asked, and only when it is a model folder", async () => {
  const folder = temporaryFolder();
  const target = join(folder, "model");
  const checkpoint = writeCheckpoint(join(folder, "checkpoint"));
  await convert({ checkpoint, target, name: "first" });
  await expect(convert({ checkpoint, target })).rejects.toThrow(/exists already.*--force/);
  expect((await convert({ checkpoint, target, name: "second", replace: true })).name).toBe("second");
  expect(readdirSync(folder).toSorted()).toEqual(["checkpoint", "model"]);

  const documents = join(folder, "documents");
  mkdirSync(documents);
  writeFileSync(join(documents, "letter.txt"), "dear");
  await expect(convert({ checkpoint, target: documents, replace: true })).rejects.toThrow(/only model folders/);
});

test.each([
  ["a missing tensor", { drop: "model.norm.weight" }, /no tensor model\.norm\.weight, expected one of shape \[64\]/],
  [
    "a tensor of another shape",
    { config: { intermediate_size: 128 } },
    /gate_proj\.weight has shape \[96,64\], config\.json asks for \[128,64\]/,
  ],
  [
    "a tensor too many",
    { config: { num_hidden_layers: 1 } },
    /9 tensors that its configuration does not account for.*model\.layers\.1\./,
  ],
  [
    "a width that is no multiple of the block",
    { config: { hidden_size: 48 } },
    /hiddenSize 48 is not a multiple of 32/,
  ],
  ["heads that do not divide", { config: { num_key_value_heads: 3 } }, /numAttentionHeads 4 is not a multiple/],
  ["a name clients cannot use", { name: "my model" }, /the model's description: .*name/s],
])(
  "%s is refused before anything is written",
  async (_, change: { drop?: string; config?: object; name?: string }, message) => {
    const folder = temporaryFolder();
    const tensors = tinyTensors();
    if (change.drop) delete tensors[change.drop];
    const checkpoint = writeCheckpoint(join(folder, "checkpoint"), {
      tensors,
      config: { ...tinyConfig, ...change.config },
    });
    await expect(convert({ checkpoint, target: join(folder, "model"), name: change.name })).rejects.toThrow(message);
    expect(readdirSync(folder)).toEqual(["checkpoint"]);
  },
);
