import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Path of a file in ../shared beside the repository, or null (and a message) where that folder is absent. */
export function sharedMaterial(path: string): string | null {
  const full = fileURLToPath(new URL(`../../shared/${path}`, import.meta.url));
  if (existsSync(full)) return full;
  console.warn(`skipped: ../shared/${path} is not there`);
  return null;
}
