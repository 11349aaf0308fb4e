import type { LayerStage, VocabularyShard } from "./engine.ts";
import { InferenceError } from "./errors.ts";
import type { Selection, ShardSelection } from "./sampling/selection.ts";
import type { TokenPipeline } from "./token-pipeline.ts";

/** A whole model in one process: consecutive stages (the last with the final norm) and vocabulary shards. */
export interface LocalParts {
  readonly stages: readonly LayerStage[];
  readonly shards: readonly VocabularyShard[];
  readonly hiddenSize: number;
  /** Rows fed at once; a longer prompt goes in chunks. At most the maxRows the parts were loaded with. */
  readonly chunkRows: number;
}

/**
 * One session of a model whose parts are all in this process: the judge of every other way to run it. Parts may be
 * shared by several pipelines as long as their calls do not overlap.
 */
export class LocalPipeline implements TokenPipeline {
  readonly #parts: LocalParts;
  readonly #slots: readonly number[];
  /** Ids that one shard holds, and token rows, of a chunk. */
  readonly #shardIds: Uint32Array;
  readonly #tokenRows: Float32Array;
  /** The final-normed row that was answered last. */
  #lastRow: Float32Array | null = null;
  #closed = false;

  /** Takes a session slot of every stage, or InferenceError out_of_capacity and none. */
  constructor(parts: LocalParts) {
    this.#parts = parts;
    const slots: number[] = [];
    try {
      for (const stage of parts.stages) slots.push(stage.openSession());
    } catch (error) {
      for (const [index, slot] of slots.entries()) parts.stages[index]!.closeSession(slot);
      throw error;
    }
    this.#slots = slots;
    this.#shardIds = new Uint32Array(parts.chunkRows);
    this.#tokenRows = new Float32Array(parts.chunkRows * parts.hiddenSize);
  }

  async step(ids: readonly number[], position: number, selection: Selection): Promise<ShardSelection[]> {
    const [answers] = await this.score(ids, position, [selection]);
    return answers!;
  }

  async score(ids: readonly number[], position: number, selections: readonly Selection[]): Promise<ShardSelection[][]> {
    if (selections.length === 0 || selections.length > ids.length)
      throw new InferenceError("internal", `a step of ${ids.length} token ids cannot answer ${selections.length}`);
    const { stages, hiddenSize } = this.#parts;
    const answers: ShardSelection[][] = [];
    let unanswered = ids.length;
    for await (const chunk of this.hiddenRows(ids, position)) {
      unanswered -= chunk.length / hiddenSize;
      const wanted = selections.slice(answers.length, selections.length - unanswered);
      if (wanted.length === 0) continue;
      const rows = (
        await stages.at(-1)!.finalNormRows(chunk.subarray(chunk.length - wanted.length * hiddenSize))
      ).slice();
      this.#lastRow = rows.subarray(rows.length - hiddenSize);
      answers.push(...(await this.#select(rows, wanted)));
    }
    return answers;
  }

  async reselect(selection: Selection): Promise<ShardSelection[]> {
    if (this.#lastRow === null) throw new InferenceError("internal", "there is no step to select from");
    const [answers] = await this.#select(this.#lastRow, [selection]);
    return answers!;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const [index, stage] of this.#parts.stages.entries()) stage.closeSession(this.#slots[index]!);
  }

  /** Feeds ids at positions `position …` and gives the last layer's rows, a chunk at a time, valid until the next one. */
  async *hiddenRows(ids: readonly number[], position: number): AsyncGenerator<Float32Array, void, void> {
    const { stages, chunkRows } = this.#parts;
    if (this.#closed) throw new InferenceError("internal", "the session is closed");
    for (const [index, stage] of stages.entries()) stage.truncate(this.#slots[index]!, position);
    for (let start = 0; start < ids.length; start += chunkRows) {
      const chunk = ids.slice(start, start + chunkRows);
      let rows = await this.#embed(chunk);
      for (const [index, stage] of stages.entries()) {
        const group = { slot: this.#slots[index]!, position: position + start, rows: chunk.length };
        rows = await stage.forward([group], rows);
      }
      yield rows;
    }
  }

  /** For each row the answers of all shards. */
  async #select(rows: Float32Array, selections: readonly Selection[]): Promise<ShardSelection[][]> {
    const answers: ShardSelection[][] = selections.map(() => []);
    for (const shard of this.#parts.shards)
      for (const [row, answer] of (await shard.select(rows, selections)).entries()) answers[row]!.push(answer);
    return answers;
  }

  /** Token rows, each from the shard that holds it; valid until the next call. */
  async #embed(ids: readonly number[]): Promise<Float32Array> {
    const { shards, hiddenSize } = this.#parts;
    let found = 0;
    for (const shard of shards) {
      let count = 0;
      for (const id of ids) if (holds(shard, id)) this.#shardIds[count++] = id;
      if (count === 0) continue;
      const embedded = await shard.embed(this.#shardIds.subarray(0, count));
      // One token, and whatever one shard holds: no copy.
      if (count === ids.length) return embedded;
      let row = 0;
      for (let place = 0; place < ids.length; place++)
        if (holds(shard, ids[place]!)) {
          this.#tokenRows.set(embedded.subarray(row * hiddenSize, (row + 1) * hiddenSize), place * hiddenSize);
          row++;
        }
      found += count;
    }
    if (found < ids.length) throw new InferenceError("unsupported", "a token id is not in the vocabulary");
    return this.#tokenRows.subarray(0, ids.length * hiddenSize);
  }
}

const holds = ({ firstRow, rows }: VocabularyShard, id: number) => id >= firstRow && id < firstRow + rows;
