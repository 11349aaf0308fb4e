import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { readSmallFile } from "./sources/file-reader.ts";

const MAX_LICENCE_BYTES = 1024 * 1024;
const LICENCE_NAME = /^(licen[cs]e|copying)(\.(txt|md))?$/i;

export interface Licence {
  readonly path: string;
  readonly contents: Uint8Array;
}

const GEMMA_NOTICE = `Gemma is provided under and subject to the Gemma Terms of Use found at ai.google.dev/gemma/terms

These weights were converted (quantised to 4 and 8 bits) from a checkpoint of the Gemma architecture that carried no
licence file of its own. If that checkpoint is a Gemma of Google's or derived from one, then using, changing and passing
on these files is subject to the Gemma Terms of Use, including the Gemma Prohibited Use Policy, both found at
https://ai.google.dev/gemma/terms. Pass this notice on with the files.
`;

/** The licence that goes with the weights: the file given, else the checkpoint's own, else a notice of Gemma's terms. */
export async function chooseLicence(checkpoint: string, given: string | undefined): Promise<Licence> {
  const found = given ?? (await findLicence(checkpoint));
  if (found === undefined) return { path: "NOTICE", contents: new TextEncoder().encode(GEMMA_NOTICE) };
  return {
    path: LICENCE_NAME.test(basename(found)) ? basename(found) : "LICENSE",
    contents: await readSmallFile(found, MAX_LICENCE_BYTES),
  };
}

/** Only a folder is the checkpoint's own: what lies beside a GGUF file may belong to something else. */
async function findLicence(checkpoint: string): Promise<string | undefined> {
  if (!(await stat(checkpoint)).isDirectory()) return undefined;
  const name = (await readdir(checkpoint)).toSorted().find((entry) => LICENCE_NAME.test(entry));
  return name === undefined ? undefined : join(checkpoint, name);
}
