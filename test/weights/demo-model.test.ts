import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { convert } from "../../weights/convert.ts";
import { parseManifest } from "../../weights/manifest.ts";
import { manifestFiles } from "../../weights/manifest-files.ts";
import { folderContents } from "./folder-contents.ts";
import { sharedFolder } from "./shared-folder.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = join(root, "weights/demo/model");
const manifest = parseManifest(readFileSync(join(folder, "manifest.json"), "utf8"));

test("the committed model folder holds the files of its manifest and no others", () => {
  const { "manifest.json": _, ...contents } = folderContents(folder);
  const listed = Object.values(manifestFiles(manifest)).flat();
  expect(contents).toEqual(Object.fromEntries(listed.map(({ path, sha256 }) => [path, sha256])));
  for (const { path, bytes } of listed) expect(readFileSync(join(folder, path)).length, path).toBe(bytes);
});

test("the checkpoint still converts to the committed bytes", async (context) => {
  const checkpoint = sharedFolder(context, "demo-model");
  const target = join(temporaryFolder(), "model");
  const { name, createdSeconds } = manifest;
  await convert({ checkpoint, target, name, createdSeconds, licencePath: join(root, "LICENSE") });
  expect(folderContents(target)).toEqual(folderContents(folder));
});
