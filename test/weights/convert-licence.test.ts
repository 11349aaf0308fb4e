import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { convert } from "../../weights/convert.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { writeCheckpoint } from "./tiny-checkpoint.ts";

async function licenceOf(checkpoint: string, licencePath?: string): Promise<[string, string]> {
  const target = join(checkpoint, "model");
  const { licence } = await convert({ checkpoint, target, name: "tiny", licencePath, replace: true });
  return [licence.path, readFileSync(join(target, licence.path), "utf8")];
}

test("without a licence of its own, a checkpoint passes on Gemma's terms", async () => {
  const [path, text] = await licenceOf(writeCheckpoint(temporaryFolder()));
  expect(path).toBe("NOTICE");
  expect(text).toContain("ai.google.dev/gemma/terms");
  expect(text).toContain("Prohibited Use Policy");
});

test("the checkpoint's own licence goes along, a given one comes first", async () => {
  const checkpoint = writeCheckpoint(temporaryFolder());
  writeFileSync(join(checkpoint, "LICENSE.txt"), "its own");
  expect(await licenceOf(checkpoint)).toEqual(["LICENSE.txt", "its own"]);
  const given = join(checkpoint, "terms");
  writeFileSync(given, "given");
  expect(await licenceOf(checkpoint, given)).toEqual(["LICENSE", "given"]);
});
