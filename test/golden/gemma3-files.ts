import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The real Gemma 3 270M as a GGUF file, or null (and a message) where it was not fetched. */
export const gemma3Gguf = () => fetched("LAPIDARY_GEMMA3_270M", "gemma3-270m.gguf");

/** Gemma 3's tokenizer.json, likewise. */
export const gemma3TokenizerJson = () => fetched("LAPIDARY_GEMMA3_TOKENIZER", "gemma3-tokenizer.json");

function fetched(variable: string, file: string): string | null {
  const path = process.env[variable] ?? fileURLToPath(new URL(`../../.lapidary/${file}`, import.meta.url));
  if (existsSync(path)) return path;
  console.warn(`skipped: ${path} is not there (node test/golden/fetch-gemma3-270m.mjs, or set ${variable})`);
  return null;
}
