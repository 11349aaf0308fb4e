import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** What is bundled into scripts: our own sources, built kernels among them, and the packages that the lock file pins. */
const SOURCES = ["{functions,runtime,weights}/**/*.{ts,mjs,html,css,svg,wasm}", "package-lock.json"];

/** SHA-256 in hex over all that scripts are built from: where it has not changed, there is nothing to deploy. */
export function hashCode(): string {
  const hash = createHash("sha256");
  for (const path of globSync(SOURCES, { cwd: root }).sort())
    hash.update(`${path}\0`).update(readFileSync(join(root, path)));
  return hash.digest("hex");
}
