import { existsSync } from "node:fs";

const buildScript = new URL("../runtime/simd/kernels/build.mjs", import.meta.url);

/** Compiles the kernels once before any project runs, so that `npx vitest` alone tests what the sources say. */
export default async function buildKernelsOnce(): Promise<void> {
  if (!existsSync(buildScript)) return;
  const { buildKernels } = await import(buildScript.href);
  await buildKernels();
}
