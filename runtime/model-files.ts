import { createHash } from "node:crypto";
import { WeightsError } from "../weights/errors.ts";
import type { ModelFile } from "../weights/manifest.ts";
import { InferenceError } from "./errors.ts";
import type { ModelSource } from "./model-source.ts";

/**
 * Streams a file of the manifest, chunk by chunk, and checks its length and SHA-256 on the way: what was read is only
 * good once the last chunk came without an error. InferenceError bad_shard names the file, what was expected and found.
 */
export async function* streamModelFile(source: ModelSource, file: ModelFile): AsyncGenerator<Uint8Array, void, void> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of chunks(source, file.path)) {
    bytes += chunk.length;
    if (bytes > file.bytes)
      throw new InferenceError("bad_shard", `${file.path} has more than the ${file.bytes} bytes the manifest says`);
    hash.update(chunk);
    yield chunk;
  }
  if (bytes < file.bytes)
    throw new InferenceError(
      "bad_shard",
      `${file.path} ends after ${bytes} of the ${file.bytes} bytes the manifest says`,
    );
  const sha256 = hash.digest("hex");
  if (sha256 !== file.sha256)
    throw new InferenceError(
      "bad_shard",
      `${file.path} has SHA-256 ${sha256}, the manifest says ${file.sha256}: the file is damaged or of another model`,
    );
}

/** Reads a whole small file of the manifest, at most `limitBytes`. */
export async function readModelFile(source: ModelSource, file: ModelFile, limitBytes: number): Promise<Uint8Array> {
  if (file.bytes > limitBytes)
    throw new InferenceError("bad_shard", `${file.path} has ${file.bytes} bytes, the limit is ${limitBytes}`);
  const contents = new Uint8Array(file.bytes);
  let offset = 0;
  for await (const chunk of streamModelFile(source, file)) {
    contents.set(chunk, offset);
    offset += chunk.length;
  }
  return contents;
}

async function* chunks(source: ModelSource, path: string): AsyncGenerator<Uint8Array, void, void> {
  const reader = (await open(source, path)).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    // Lets the source close its handle when the reader above gave up early.
    await reader.cancel().catch(() => {});
  }
}

async function open(source: ModelSource, path: string): Promise<ReadableStream<Uint8Array>> {
  try {
    return await source.open(path);
  } catch (cause) {
    if (!(cause instanceof WeightsError)) throw cause;
    throw new InferenceError("bad_shard", `${path} is missing: ${cause.message}`, { cause });
  }
}
