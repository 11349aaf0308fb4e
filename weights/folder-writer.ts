import { createHash, randomUUID } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { WeightsError } from "./errors.ts";
import { MANIFEST_FILE, MAX_FILE_BYTES, type Manifest, type ModelFile } from "./manifest.ts";

/** What a long conversion leaves behind to go on from, beside the files it has written. */
const PROGRESS_FILE = "progress.json";

/** Writes a model folder under a temporary name beside its target; only a finished one takes the target's name. */
export class FolderWriter {
  readonly #target: string;
  readonly #temporary: string;

  private constructor(target: string, temporary: string) {
    this.#target = target;
    this.#temporary = temporary;
  }

  /**
   * Begins a folder. WeightsError when the target holds files, unless `replace` is set and it is a model folder.
   */
  static async begin(folder: string, replace: boolean): Promise<FolderWriter> {
    const target = checkedTarget(folder, replace);
    const temporary = join(dirname(target), `.${basename(target)}.unfinished-${randomUUID()}`);
    await mkdir(temporary, { recursive: true });
    return new FolderWriter(target, temporary);
  }

  /** Begins a folder whose unfinished form has one name, to be found again; `resume` keeps what is there. */
  static async beginKept(folder: string, replace: boolean, resume: boolean): Promise<FolderWriter> {
    const target = checkedTarget(folder, replace);
    const kept = join(dirname(target), `.${basename(target)}.unfinished`);
    if (!resume) await rm(kept, { recursive: true, force: true });
    await mkdir(kept, { recursive: true });
    return new FolderWriter(target, kept);
  }

  /** The last noted progress, null where there is none. */
  async progress(): Promise<string | null> {
    const path = join(this.#temporary, PROGRESS_FILE);
    return existsSync(path) ? readFile(path, "utf8") : null;
  }

  /** Notes progress: whole or not at all. */
  async noteProgress(text: string): Promise<void> {
    const path = join(this.#temporary, PROGRESS_FILE);
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
  }

  /** A file written before. */
  async read(path: string): Promise<Uint8Array> {
    return readFile(join(this.#temporary, path));
  }

  /** Writes one file and returns its manifest entry. */
  async write(path: string, contents: Uint8Array): Promise<ModelFile> {
    if (contents.byteLength > MAX_FILE_BYTES)
      throw new WeightsError(
        `${path}: ${contents.byteLength} bytes, files of a model folder have at most ${MAX_FILE_BYTES}`,
      );
    await writeFile(join(this.#temporary, path), contents);
    return { path, bytes: contents.byteLength, sha256: createHash("sha256").update(contents).digest("hex") };
  }

  /** Writes the manifest and gives the folder its name; a replaced folder goes only after that. */
  async finish(manifest: Manifest): Promise<void> {
    await rm(join(this.#temporary, PROGRESS_FILE), { force: true });
    await writeFile(join(this.#temporary, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`);
    if (!existsSync(this.#target)) {
      await rename(this.#temporary, this.#target);
      return;
    }
    const replaced = `${this.#temporary}.replaced`;
    await rename(this.#target, replaced);
    try {
      await rename(this.#temporary, this.#target);
    } catch (error) {
      await rename(replaced, this.#target);
      throw error;
    }
    await rm(replaced, { recursive: true });
  }

  /** Removes what was written; the target stays as it was. */
  async discard(): Promise<void> {
    await rm(this.#temporary, { recursive: true, force: true });
  }
}

function checkedTarget(folder: string, replace: boolean): string {
  const target = resolve(folder);
  if (existsSync(target) && readdirSync(target).length > 0) {
    if (!replace) throw new WeightsError(`${folder} exists already; remove it, or replace it with --force`);
    if (!existsSync(join(target, MANIFEST_FILE)))
      throw new WeightsError(`${folder} holds files but no ${MANIFEST_FILE}: only model folders are replaced`);
  }
  return target;
}
