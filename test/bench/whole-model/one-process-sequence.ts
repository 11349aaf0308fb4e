import type { LocalModel } from "../../../runtime/local-model.ts";
import type { LocalPipeline } from "../../../runtime/local-pipeline.ts";
import type { Sequence } from "../peers/measured-sequence.ts";

/** One sequence on a model in this process: all layers, the final norm and all logits, and nothing chosen from them. */
export class OneProcessSequence implements Sequence {
  readonly #model: LocalModel;
  readonly #session: LocalPipeline;
  #position = 0;

  constructor(model: LocalModel) {
    this.#model = model;
    this.#session = model.openSession();
  }

  async evaluate(batches: readonly (readonly number[])[]): Promise<number> {
    const started = performance.now();
    for (const ids of batches) {
      let rows: Float32Array | undefined;
      for await (const chunk of this.#session.hiddenRows(ids, this.#position)) rows = chunk;
      await this.#logits(rows!);
      this.#position += ids.length;
    }
    return performance.now() - started;
  }

  async truncate(tokens: number): Promise<void> {
    // The pipeline forgets what lies beyond the position it is fed at.
    this.#position = tokens;
  }

  /** Frees the cache. */
  close(): Promise<void> {
    return this.#session.close();
  }

  async #logits(rows: Float32Array): Promise<void> {
    const { stages, shards, hiddenSize } = this.#model.parts;
    const last = (await stages.at(-1)!.finalNormRows(rows.subarray(rows.length - hiddenSize))).slice();
    for (const shard of shards) await shard.logits(last);
  }
}
