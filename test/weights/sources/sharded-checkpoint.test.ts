import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { convert } from "../../../weights/convert.ts";
import { folderContents } from "../folder-contents.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { writeCheckpoint, writeShardedCheckpoint } from "../tiny-checkpoint.ts";

test("a checkpoint in three files converts to the same bytes as in one", async () => {
  const folder = temporaryFolder();
  writeCheckpoint(join(folder, "one"));
  writeShardedCheckpoint(join(folder, "three"), 3);
  for (const name of ["one", "three"])
    await convert({ checkpoint: join(folder, name), target: join(folder, `${name}-model`), name: "tiny" });
  expect(folderContents(join(folder, "three-model"))).toEqual(folderContents(join(folder, "one-model")));
});

test.each([
  [
    "names a tensor that its file lacks",
    { "model.norm.weight": "model-00001-of-00003.safetensors" },
    /says that tensor model\.norm\.weight is in model-00001/,
  ],
  [
    "names a file that is absent",
    { "model.norm.weight": "model-00009.safetensors" },
    /model-00009\.safetensors: cannot be opened/,
  ],
  [
    "names a file outside the folder",
    { "model.norm.weight": "../model.safetensors" },
    /expected a file name without folders/,
  ],
])("an index that %s is refused", async (_, change, message) => {
  const folder = temporaryFolder();
  writeShardedCheckpoint(folder, 3);
  const indexPath = join(folder, "model.safetensors.index.json");
  const index = JSON.parse(readFileSync(indexPath, "utf8")) as { weight_map: object };
  writeFileSync(indexPath, JSON.stringify({ weight_map: { ...index.weight_map, ...change } }));
  await expect(convert({ checkpoint: folder, target: join(folder, "model"), name: "tiny" })).rejects.toThrow(message);
});
