import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestContext } from "vitest";

const shared = fileURLToPath(new URL("../../../shared", import.meta.url));

/** A folder of the material beside the repository; skips the test where it is absent. */
export function sharedFolder({ skip }: TestContext, path: string): string {
  const folder = join(shared, path);
  skip(!existsSync(folder), `../shared/${path} is not on this machine`);
  return folder;
}

/** A little-endian float32 file. */
export function readFloats(path: string): Float32Array {
  const bytes = readFileSync(path);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}
