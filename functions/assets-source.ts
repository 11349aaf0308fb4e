import type { ModelSource } from "../runtime/model-source.ts";
import { WeightsError } from "../weights/errors.ts";

/** A model folder served as Workers static assets. */
export class AssetsSource implements ModelSource {
  readonly #assets: Fetcher;

  constructor(assets: Fetcher) {
    this.#assets = assets;
  }

  async open(path: string): Promise<ReadableStream<Uint8Array>> {
    // The binding routes by path alone; the host is never looked up.
    const response = await this.#assets.fetch(`https://assets.invalid/${encodeURIComponent(path)}`);
    if (response.status === 200 && response.body) return response.body;
    await response.body?.cancel();
    throw new WeightsError(
      `${path} is not among the model's files (status ${response.status}). Was the folder that holds it deployed as assets?`,
    );
  }
}
