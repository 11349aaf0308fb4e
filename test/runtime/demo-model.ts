import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { FolderSource, readManifest } from "../../cli/folder-source.ts";
import type { Engine } from "../../runtime/engine.ts";
import { LocalModel, type LocalModelOptions } from "../../runtime/local-model.ts";
import { simdEngine } from "./kernel-builds.ts";

const folder = fileURLToPath(new URL("../../weights/demo/model", import.meta.url));

export const demoSource = new FolderSource(folder);
export const demoManifest = await readManifest(folder);

/** "What is the capital of Peru?" as a chat, and what the unquantised model answers. */
export const PERU_PROMPT = [
  2, 106, 1240, 377, 108, 624, 431, 370, 686, 467, 1961, 1999, 107, 108, 106, 1980, 582, 458, 108,
];
export const PERU_ANSWER = [581, 686, 467, 1961, 431, 493, 506, 1967, 1977, 107];

/** The bundled model, cut as wanted, on the relaxed kernels unless another engine is given. */
export async function openDemoModel(
  options: Partial<Omit<LocalModelOptions, "manifest" | "source">> = {},
): Promise<LocalModel> {
  const engine: Engine = options.engine ?? (await simdEngine("relaxed"));
  return LocalModel.open({ manifest: demoManifest, source: demoSource, ...options, engine });
}

/** SHA-256 of the exact bits of float32 values, which neither −0 nor rounding passes. */
export const bitsOf = (values: Float32Array): string =>
  createHash("sha256")
    .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    .digest("hex");
