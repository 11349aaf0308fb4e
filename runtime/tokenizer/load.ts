import { WeightsError } from "../../weights/errors.ts";
import type { Manifest } from "../../weights/manifest.ts";
import type { ModelSource } from "../model-source.ts";
import { Tokenizer } from "./tokenizer.ts";

/** Loads a model's tokenizer, or null when it has none; WeightsError when the file is not what the manifest says. */
export async function loadTokenizer(source: ModelSource, { tokenizer: file }: Manifest): Promise<Tokenizer | null> {
  if (!file) return null;
  const bytes = new Uint8Array(file.bytes);
  let filled = 0;
  for await (const chunk of (await source.open(file.path)) as AsyncIterable<Uint8Array>) {
    if (filled + chunk.length > bytes.length)
      throw new WeightsError(`${file.path} is longer than the manifest's ${file.bytes} bytes`);
    bytes.set(chunk, filled);
    filled += chunk.length;
  }
  if (filled < bytes.length)
    throw new WeightsError(`${file.path} has ${filled} bytes, the manifest says ${file.bytes}`);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (sha256 !== file.sha256)
    throw new WeightsError(`${file.path} has SHA-256 ${sha256}, the manifest says ${file.sha256}`);
  return new Tokenizer(bytes);
}
