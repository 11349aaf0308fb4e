import { type FileHandle, open } from "node:fs/promises";
import { WeightsError } from "../errors.ts";
import type { ByteSource } from "./byte-source.ts";

/** One file read by byte range; nothing of it is kept. */
export class FileReader implements ByteSource {
  readonly path: string;
  readonly bytes: number;
  readonly #handle: FileHandle;

  private constructor(path: string, bytes: number, handle: FileHandle) {
    this.path = path;
    this.bytes = bytes;
    this.#handle = handle;
  }

  /** Opens a file for reading; throws a WeightsError when it cannot be opened. */
  static async open(path: string): Promise<FileReader> {
    let handle: FileHandle;
    try {
      handle = await open(path, "r");
    } catch (cause) {
      throw new WeightsError(`${path}: cannot be opened (${(cause as NodeJS.ErrnoException).code})`, { cause });
    }
    return new FileReader(path, (await handle.stat()).size, handle);
  }

  /** Fills `into` from the file's byte `position` on; throws a WeightsError when the file ends before. */
  async read(into: Uint8Array, position: number): Promise<void> {
    let filled = 0;
    while (filled < into.byteLength) {
      const { bytesRead } = await this.#handle.read(into, filled, into.byteLength - filled, position + filled);
      if (bytesRead === 0)
        throw new WeightsError(
          `${this.path}: ends at byte ${position + filled}, expected ${into.byteLength} bytes from ${position} on; copy the file again`,
        );
      filled += bytesRead;
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** Reads a whole small file; throws a WeightsError when it is absent or larger than `maxBytes`. */
export async function readSmallFile(path: string, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const reader = await FileReader.open(path);
  try {
    if (reader.bytes > maxBytes)
      throw new WeightsError(`${path}: ${reader.bytes} bytes, at most ${maxBytes} are expected of such a file`);
    const contents = new Uint8Array(reader.bytes);
    await reader.read(contents, 0);
    return contents;
  } finally {
    await reader.close();
  }
}
