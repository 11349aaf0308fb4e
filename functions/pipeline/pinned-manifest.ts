import { InferenceError } from "../../runtime/errors.ts";
import type { ModelSource } from "../../runtime/model-source.ts";
import { MANIFEST_FILE, MAX_MANIFEST_BYTES, type Manifest, parseManifest } from "../../weights/manifest.ts";
import { bytesToHex } from "./hex.ts";

/** Reads the manifest a conductor has pinned its pipeline to; InferenceError bad_shard when the folder holds another. */
export async function readPinnedManifest(source: ModelSource, expectedHash: string): Promise<Manifest> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of await source.open(MANIFEST_FILE)) {
    bytes += chunk.length;
    if (bytes > MAX_MANIFEST_BYTES) {
      throw new InferenceError("bad_shard", `${MANIFEST_FILE} is longer than ${MAX_MANIFEST_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  const whole = new Uint8Array(await new Blob(chunks).arrayBuffer());
  const hash = bytesToHex(new Uint8Array(await crypto.subtle.digest("SHA-256", whole)));
  if (hash !== expectedHash) {
    throw new InferenceError(
      "bad_shard",
      `${MANIFEST_FILE} has SHA-256 ${hash}, expected ${expectedHash}: every script must be deployed with the same model`,
    );
  }
  return parseManifest(new TextDecoder().decode(whole));
}
