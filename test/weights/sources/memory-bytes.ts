import { WeightsError } from "../../../weights/errors.ts";
import type { ByteSource } from "../../../weights/sources/byte-source.ts";

/** Bytes in memory in place of a file. */
export function memoryBytes(path: string, contents: Uint8Array): ByteSource {
  return {
    path,
    bytes: contents.length,
    read: async (into, position) => {
      if (position + into.length > contents.length)
        throw new WeightsError(`${path}: ends at byte ${contents.length}, expected ${into.length} from ${position} on`);
      into.set(contents.subarray(position, position + into.length));
    },
    close: async () => {},
  };
}
