import type { LayerStageOptions, RowGroup } from "./engine.ts";

/** Which part of a split stage to load: 1 … parts − 1 are helpers, part 0 is the stage that leads them. */
export interface StageHelperOptions extends Omit<LayerStageOptions, "finalNorm" | "split"> {
  /** Over how many objects each layer is split. */
  readonly parts: number;
  readonly part: number;
}

/**
 * Some heads and some feed-forward columns of each layer of a stage, with the KV cache of those heads. It follows the
 * stage that leads it call by call, and knows sessions by that stage's slots. Not re-entrant.
 */
export interface StageHelper {
  readonly memoryBytes: number;
  /** KV tokens not taken by a session (in whole pages): as many as in the leading stage. */
  readonly freeKvTokens: number;
  /** The same of layers with a window; null where there are none. */
  readonly freeKvWindowTokens: number | null;
  /** Sessions it keeps keys and values of. */
  readonly sessions: number;
  /**
   * Runs block `block` of the stage (two a layer: attention, feed-forward) over its normed rows [rows of all groups,
   * hiddenSize] and gives this part's share of the block's sum, as many rows, valid until the next call. A call's blocks
   * come in their order; the first opens sessions it does not know, the last leaves the rows in the KV cache.
   * InferenceError position_gap | out_of_capacity | internal leaves every session as it was.
   */
  multiply(block: number, groups: readonly RowGroup[], rows: Float32Array): Float32Array;
  /** The leader's `slot` begins with the first `tokens` tokens of `source`. */
  fork(source: number, tokens: number, slot: number): void;
  /** Forgets tokens from `tokens` on. */
  truncate(slot: number, tokens: number): void;
  close(slot: number): void;
  /** Ends every session. */
  clear(): void;
}

/** All helpers of a stage, as it works with them. What it tells them arrives in the order it was told. */
export interface StageHelpers extends Pick<StageHelper, "fork" | "truncate" | "close"> {
  /** The helpers' shares of a block's sum, in the order of the parts. `rows` is valid until this returns. */
  multiply(block: number, groups: readonly RowGroup[], rows: Float32Array): Promise<readonly Float32Array[]>;
}

/** Helpers in the same process as the stage that leads them. */
export class LocalHelpers implements StageHelpers {
  readonly #helpers: readonly StageHelper[];

  constructor(helpers: readonly StageHelper[]) {
    this.#helpers = helpers;
  }

  async multiply(block: number, groups: readonly RowGroup[], rows: Float32Array): Promise<readonly Float32Array[]> {
    return this.#helpers.map((helper) => helper.multiply(block, groups, rows));
  }

  fork(source: number, tokens: number, slot: number): void {
    for (const helper of this.#helpers) helper.fork(source, tokens, slot);
  }

  truncate(slot: number, tokens: number): void {
    for (const helper of this.#helpers) helper.truncate(slot, tokens);
  }

  close(slot: number): void {
    for (const helper of this.#helpers) helper.close(slot);
  }
}
