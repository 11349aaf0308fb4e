import { open, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { ModelSource } from "../runtime/model-source.ts";
import { WeightsError } from "../weights/errors.ts";
import { MANIFEST_FILE, MAX_MANIFEST_BYTES, type Manifest, parseManifest } from "../weights/manifest.ts";

/** A model folder on this machine's disk. */
export class FolderSource implements ModelSource {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async open(path: string): Promise<ReadableStream<Uint8Array>> {
    if (path.includes("/") || path.includes("\\"))
      throw new WeightsError(`"${path}" is not a file name of a model folder`);
    try {
      const file = await open(join(this.#folder, path));
      return Readable.toWeb(file.createReadStream({ highWaterMark: 1 << 20 })) as ReadableStream<Uint8Array>;
    } catch (cause) {
      throw new WeightsError(`cannot open ${path} in ${this.#folder}`, { cause });
    }
  }
}

/** Reads and checks a folder's manifest.json; WeightsError when it is missing, too large or wrong. */
export async function readManifest(folder: string): Promise<Manifest> {
  const path = join(folder, MANIFEST_FILE);
  let text: string;
  try {
    const { size } = await stat(path);
    if (size > MAX_MANIFEST_BYTES) throw new WeightsError(`${path} has ${size} bytes, more than ${MAX_MANIFEST_BYTES}`);
    text = await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof WeightsError) throw cause;
    throw new WeightsError(`cannot read ${path}; is ${folder} a model folder made by lapidary convert?`, { cause });
  }
  return parseManifest(text);
}
