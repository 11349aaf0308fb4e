import { join } from "node:path";
import { expect, test } from "vitest";
import { convert } from "../../weights/convert.ts";
import { folderContents } from "./folder-contents.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { writeCheckpoint } from "./tiny-checkpoint.ts";

test("converting twice gives the same bytes, and so does the same model in another float type", async () => {
  const folder = temporaryFolder();
  const results = [];
  for (const [index, dtype] of (["F32", "F32", "F16", "BF16"] as const).entries()) {
    const checkpoint = writeCheckpoint(join(folder, `checkpoint-${index}`), { dtype });
    const target = join(folder, `model-${index}`);
    await convert({ checkpoint, target, name: "tiny" });
    results.push(folderContents(target));
  }
  expect(Object.keys(results[0]!)).toContain("table-0001.bin");
  for (const result of results) expect(result).toEqual(results[0]);
});
