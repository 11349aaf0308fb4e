/**
 * What a vocabulary shard is asked for one hidden row. "best": its `count` largest logits (ties: lower id first).
 * "gumbel": the one id that maximises logit · inverseTemperature + noise(seed, position, id), which samples the whole
 * vocabulary in one pass, whatever the number of shards.
 */
export type Selection =
  | {
      readonly kind: "best";
      readonly count: number;
      readonly inverseTemperature: number;
      /** Ask for the per-tile sums from which the log-sum-exp over all ids is built. */
      readonly mass: boolean;
    }
  | { readonly kind: "gumbel"; readonly inverseTemperature: number; readonly seed: bigint; readonly position: number };

/** One shard's answer for one hidden row. */
export interface ShardSelection {
  /** Global token ids, best first. */
  readonly ids: Uint32Array;
  /** Raw logits of `ids`. */
  readonly logits: Float32Array;
  /** True when `ids` holds every row of the shard. */
  readonly complete: boolean;
  /**
   * With mass: [max, Σ exp((logit − max) · inverseTemperature)] for each tile of TABLE_TILE_ROWS rows, in row order.
   * Empty otherwise.
   */
  readonly tiles: Float32Array;
}

/** How one token is drawn. topK 0, topP 1 and minP 0 are off; temperature 0 is greedy. */
export interface SamplingParameters {
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  /** Unsigned 64 bit. */
  readonly seed: bigint;
}
