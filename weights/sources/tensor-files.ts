import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { WeightsError } from "../errors.ts";
import type { CheckpointTensors } from "./checkpoint.ts";
import { readJsonFile } from "./json-file.ts";
import { SafetensorsFile, type TensorEntry } from "./safetensors.ts";

const SINGLE_FILE = "model.safetensors";
const INDEX_FILE = "model.safetensors.index.json";
const MAX_INDEX_BYTES = 16 * 1024 * 1024;
const MAX_FILES = 1024;

const indexSchema = z.object({
  weight_map: z.record(
    z.string(),
    z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, "expected a file name without folders"),
  ),
});

type TensorName = (stored: string) => string | null;

/** The tensors of a checkpoint folder, in one safetensors file or in several with an index. */
export class TensorFiles implements CheckpointTensors {
  readonly normWeightOffset = 0;
  readonly #files: readonly SafetensorsFile[];
  readonly #located: ReadonlyMap<string, { readonly entry: TensorEntry; readonly file: SafetensorsFile }>;

  private constructor(files: SafetensorsFile[], names: ReadonlyMap<string, SafetensorsFile>, nameOf: TensorName) {
    this.#files = files;
    this.#located = new Map(
      [...names].flatMap(([stored, file]) => {
        const name = nameOf(stored);
        return name === null ? [] : [[name, { entry: file.tensors.get(stored)!, file }]];
      }),
    );
  }

  /**
   * Opens the folder's weights; throws a WeightsError when they are absent or contradict their index. `nameOf` gives
   * the name a stored tensor goes by, null for one that is not wanted.
   */
  static async open(folder: string, nameOf: TensorName = (stored) => stored): Promise<TensorFiles> {
    if (existsSync(join(folder, INDEX_FILE)))
      return openSharded(folder, (files, names) => new TensorFiles(files, names, nameOf));
    if (!existsSync(join(folder, SINGLE_FILE)))
      throw new WeightsError(
        `${folder}: found neither ${SINGLE_FILE} nor ${INDEX_FILE}; only safetensors weights are read`,
      );
    const file = await SafetensorsFile.open(join(folder, SINGLE_FILE));
    return new TensorFiles([file], new Map([...file.tensors.keys()].map((name) => [name, file])), nameOf);
  }

  get names(): Iterable<string> {
    return this.#located.keys();
  }

  /** The tensor of that name; throws a WeightsError unless it is there and has exactly this shape. */
  expect(name: string, shape: readonly number[]): void {
    const found = this.#located.get(name)?.entry.shape;
    if (found === undefined)
      throw new WeightsError(`the checkpoint has no tensor ${name}, expected one of shape [${shape}]`);
    if (found.join() !== shape.join())
      throw new WeightsError(`tensor ${name} has shape [${found}], config.json asks for [${shape}]`);
  }

  /** Reads rows firstRow … of a tensor as float32, as many as `into` [rows, columns] holds. */
  async readRows(name: string, firstRow: number, into: Float32Array<ArrayBuffer>): Promise<void> {
    const { entry, file } = this.#located.get(name)!;
    await file.readRows(entry, firstRow, into);
  }

  /** Safetensors files of Gemma hold floating-point numbers. */
  stored(): null {
    return null;
  }

  async close(): Promise<void> {
    await Promise.all(this.#files.map((file) => file.close()));
  }
}

async function openSharded<T>(
  folder: string,
  build: (files: SafetensorsFile[], names: Map<string, SafetensorsFile>) => T,
): Promise<T> {
  const indexPath = join(folder, INDEX_FILE);
  const { weight_map: weightMap } = await readJsonFile(indexPath, MAX_INDEX_BYTES, indexSchema);
  const fileNames = [...new Set(Object.values(weightMap))];
  if (fileNames.length > MAX_FILES)
    throw new WeightsError(`${indexPath}: ${fileNames.length} files, at most ${MAX_FILES} are allowed`);
  const files = new Map<string, SafetensorsFile>();
  try {
    for (const fileName of fileNames) files.set(fileName, await SafetensorsFile.open(join(folder, fileName)));
    const names = new Map<string, SafetensorsFile>();
    for (const [name, fileName] of Object.entries(weightMap)) {
      const file = files.get(fileName)!;
      if (!file.tensors.has(name))
        throw new WeightsError(`${indexPath}: says that tensor ${name} is in ${fileName}, which does not hold it`);
      names.set(name, file);
    }
    return build([...files.values()], names);
  } catch (error) {
    await Promise.all([...files.values()].map((file) => file.close()));
    throw error;
  }
}
