import { InferenceError } from "../../../runtime/errors.ts";
import { selectFromLogits } from "../../../runtime/sampling/select.ts";
import type { Selection, ShardSelection } from "../../../runtime/sampling/selection.ts";
import type { TokenPipeline } from "../../../runtime/token-pipeline.ts";

const ROWS = 2048;
const SHARD_ROWS = 1024;

/**
 * A model that wants to say `script` after the prompt, over two vocabulary shards. Its logits depend on the position
 * alone; positions must follow one another as in a KV cache.
 */
export class ScriptedPipeline implements TokenPipeline {
  readonly fed: number[] = [];
  closed = 0;
  reselects = 0;
  readonly #script: readonly number[];
  readonly #lead: number;
  #promptTokens: number | undefined;
  #logits = new Float32Array(ROWS);

  /** `lead` is how far the wanted token's logit is above all others. */
  constructor(script: readonly number[], lead = 50) {
    this.#script = script;
    this.#lead = lead;
  }

  async step(ids: readonly number[], position: number, selection: Selection): Promise<ShardSelection[]> {
    const [answers] = await this.score(ids, position, [selection]);
    return answers!;
  }

  async score(ids: readonly number[], position: number, selections: readonly Selection[]): Promise<ShardSelection[][]> {
    if (position !== this.fed.length)
      throw new InferenceError("position_gap", `position ${position} after ${this.fed.length} tokens`);
    this.fed.push(...ids);
    this.#promptTokens ??= ids.length;
    const wanted = this.#script[this.fed.length - this.#promptTokens];
    if (wanted === undefined) throw new InferenceError("internal", "stepped beyond the script");
    this.#logits = new Float32Array(ROWS);
    this.#logits[wanted] = this.#lead;
    return selections.map((selection) => this.#answer(selection));
  }

  async reselect(selection: Selection): Promise<ShardSelection[]> {
    this.reselects += 1;
    return this.#answer(selection);
  }

  async close(): Promise<void> {
    this.closed += 1;
  }

  #answer(selection: Selection): ShardSelection[] {
    return [0, SHARD_ROWS].map((first) =>
      selectFromLogits(this.#logits.subarray(first, first + SHARD_ROWS), first, selection),
    );
  }
}
