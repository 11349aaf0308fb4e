import { WeightsError } from "../errors.ts";
import type { CheckpointTensors, StoredBlocks } from "./checkpoint.ts";
import { isStepped } from "./ggml-blocks/block-types.ts";
import type { GgufFile } from "./gguf-file.ts";
import type { GgufTensor } from "./gguf-header.ts";
import { type GgufArchitecture, huggingFaceName } from "./gguf-names.ts";

/** The tensors of a GGUF file as those of a Hugging Face checkpoint. */
export class GgufTensors implements CheckpointTensors {
  readonly normWeightOffset = 1;
  readonly #file: GgufFile;
  readonly #tensors = new Map<string, GgufTensor>();

  /** WeightsError when two tensors mean the same. */
  constructor(file: GgufFile, architecture: GgufArchitecture) {
    this.#file = file;
    for (const tensor of file.tensors.values()) {
      const name = huggingFaceName(tensor.name, architecture);
      const other = this.#tensors.get(name);
      if (other) throw new WeightsError(`${file.path}: tensors ${other.name} and ${tensor.name} are both ${name}`);
      this.#tensors.set(name, tensor);
    }
  }

  get names(): Iterable<string> {
    return this.#tensors.keys();
  }

  expect(name: string, shape: readonly number[]): void {
    const tensor = this.#tensors.get(name);
    if (tensor === undefined)
      throw new WeightsError(`${this.#file.path}: has no tensor for ${name}, expected one of shape [${shape}]`);
    if (tensor.shape.join() !== shape.join())
      throw new WeightsError(
        `${this.#file.path}: tensor ${tensor.name} has shape [${tensor.shape}], the metadata asks for [${shape}]`,
      );
  }

  async readRows(name: string, firstRow: number, into: Float32Array<ArrayBuffer>): Promise<void> {
    await this.#file.readRows(this.#tensors.get(name)!, firstRow, into);
  }

  stored(name: string): StoredBlocks | null {
    const tensor = this.#tensors.get(name)!;
    const { type } = tensor;
    if (!isStepped(type)) return null;
    return { type, read: (firstRow, into) => this.#file.readBlocks(tensor, firstRow, into) };
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
