import { createHash } from "node:crypto";
import { WeightsError } from "../weights/errors.ts";
import type { ModelFile } from "../weights/manifest.ts";
import { InferenceError } from "./errors.ts";
import type { ModelSource } from "./model-source.ts";

/** What one read of a byte stream may bring. */
const READ_BYTES = 256 * 1024;

/**
 * Streams a file of the manifest, chunk by chunk (each valid until the next), and checks its length and SHA-256 on the way: what was read is only
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
  const next = reading(await open(source, path));
  try {
    for (;;) {
      const chunk = await next.read();
      if (chunk === null) return;
      yield chunk;
    }
  } finally {
    // Lets the source close its handle when the reader above gave up early.
    await next.cancel().catch(() => {});
  }
}

/**
 * Byte streams (all that Workers make) fill one buffer again and again: a shard's chunks would otherwise be tens of
 * megabytes of garbage. Other streams bring their own chunks. A chunk is valid until the next read.
 */
function reading(stream: ReadableStream<Uint8Array>) {
  const bytes = byteReader(stream);
  if (bytes === null) {
    const reader = stream.getReader();
    return { read: async () => (await reader.read()).value ?? null, cancel: () => reader.cancel() };
  }
  let buffer = new ArrayBuffer(READ_BYTES);
  const read = async (): Promise<Uint8Array | null> => {
    const { done, value } = await bytes.read(new Uint8Array(buffer));
    if (value !== undefined) buffer = value.buffer;
    return done ? null : (value ?? null);
  };
  return { read, cancel: () => bytes.cancel() };
}

function byteReader(stream: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | null {
  try {
    return stream.getReader({ mode: "byob" });
  } catch (error) {
    // A TypeError says that it is not a byte stream.
    if (error instanceof TypeError) return null;
    throw error;
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
