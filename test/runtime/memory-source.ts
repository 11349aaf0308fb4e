import { createHash } from "node:crypto";
import type { ModelSource } from "../../runtime/model-source.ts";
import { WeightsError } from "../../weights/errors.ts";
import type { ModelFile } from "../../weights/manifest.ts";

/** Files held in memory and streamed in chunks of a chosen size. */
export class MemorySource implements ModelSource {
  readonly files: Map<string, Uint8Array>;
  readonly #chunkBytes: number;

  constructor(files: Iterable<readonly [string, Uint8Array]>, chunkBytes = 1 << 16) {
    this.files = new Map(files);
    this.#chunkBytes = chunkBytes;
  }

  async open(path: string): Promise<ReadableStream<Uint8Array>> {
    const contents = this.files.get(path);
    if (contents === undefined) throw new WeightsError(`there is no ${path}`);
    const chunkBytes = this.#chunkBytes;
    let offset = 0;
    return new ReadableStream({
      pull(controller) {
        if (offset >= contents.length) controller.close();
        else controller.enqueue(contents.slice(offset, offset + chunkBytes));
        offset += chunkBytes;
      },
    });
  }
}

/** A file's entry in a manifest. */
export const describeFile = (path: string, contents: Uint8Array): ModelFile => ({
  path,
  bytes: contents.length,
  sha256: createHash("sha256").update(contents).digest("hex"),
});
