import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FolderSource, readManifest } from "../../cli/folder-source.ts";
import type { Engine } from "../../runtime/engine.ts";
import { LocalModel, type LocalModelOptions } from "../../runtime/local-model.ts";
import { convert } from "../../weights/convert.ts";
import { sharedMaterial } from "../shared-material.ts";

export const GOLDEN_MODELS = ["gemma1-mqa", "gemma1-mha-wide", "gemma2-window", "gemma3-window", "gemma3-scaled-rope"];

/** What the reference implementation gave for a golden checkpoint (../shared/golden/README.md). */
export interface Golden {
  readonly name: string;
  readonly checkpoint: string;
  readonly prompt: readonly number[];
  /** float32 [positions, vocabulary]. */
  readonly logits: Float32Array;
  readonly vocabulary: number;
  /** float32 [layers + 1, hidden] at the last position: each layer's input, then the final norm's output. */
  readonly hidden: Float32Array;
  readonly hiddenSize: number;
  readonly argmax: readonly number[];
  readonly argmaxGap: readonly number[];
  readonly greedy: readonly number[];
  readonly greedyGap: readonly number[];
}

/** Reads a golden checkpoint's expectations, or null (and a message) without ../shared. */
export async function readGolden(name: string): Promise<Golden | null> {
  const checkpoint = sharedMaterial(`golden/${name}`);
  if (checkpoint === null) return null;
  const expected = JSON.parse(await readFile(join(checkpoint, "expected.json"), "utf8"));
  const floats = async (file: string) => {
    const bytes = await readFile(join(checkpoint, file));
    return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  };
  return {
    name,
    checkpoint,
    prompt: expected.prompt,
    logits: await floats(expected.logits.file),
    vocabulary: expected.logits.shape[1],
    hidden: await floats(expected.hidden.file),
    hiddenSize: expected.hidden.shape[1],
    argmax: expected.argmax,
    argmaxGap: expected.argmax_gap,
    greedy: expected.greedy,
    greedyGap: expected.greedy_gap,
  };
}

/** Converts a golden checkpoint into a temporary folder, gives it to `use` as a loaded model, and removes it. */
export async function withGoldenModel<T>(
  { name, checkpoint }: Golden,
  engine: Engine,
  use: (model: LocalModel) => Promise<T>,
  cut: Pick<LocalModelOptions, "stages" | "chunkRows" | "layerParts"> = {},
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "lapidary-golden-"));
  try {
    const target = join(folder, name);
    await convert({ checkpoint, target });
    const manifest = await readManifest(target);
    const source = new FolderSource(target);
    return await use(await LocalModel.open({ manifest, source, engine, ...cut }));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** How far logits are from the reference's: RMS and largest error, and the reference's standard deviation. */
export function compareLogits(found: Float32Array, { logits }: Golden) {
  const mean = logits.reduce((sum, x) => sum + x, 0) / logits.length;
  const deviation = Math.sqrt(logits.reduce((sum, x) => sum + (x - mean) ** 2, 0) / logits.length);
  let squares = 0;
  let largest = 0;
  for (let i = 0; i < logits.length; i++) {
    const error = found[i]! - logits[i]!;
    squares += error * error;
    largest = Math.max(largest, Math.abs(error));
  }
  return { relativeRms: Math.sqrt(squares / logits.length) / deviation, largest };
}
