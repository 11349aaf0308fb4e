#!/usr/bin/env node
import { randomBytes } from "node:crypto";
// wrangler's [build] step, also run by `npm start`: builds the kernels and makes sure that local secrets exist.
// Dependency-free beyond the packages of the lock file, and idempotent.
import { existsSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildKernels } from "../runtime/simd/kernels/build.mjs";

const secretsFile = fileURLToPath(new URL("../.dev.vars", import.meta.url));

/** Writes .dev.vars (git ignores it) with fresh random secrets unless it is there. */
export function ensureLocalSecrets() {
  if (existsSync(secretsFile)) return;
  const secret = () => randomBytes(32).toString("hex");
  writeFileSync(secretsFile, `LAPIDARY_KEY_SECRET="${secret()}"\nLAPIDARY_ADMIN_KEY="${secret()}"\n`, {
    mode: 0o600,
    flag: "wx",
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  ensureLocalSecrets();
  await buildKernels();
}
