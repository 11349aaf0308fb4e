/**
 * What a vocabulary shard is asked for one hidden row. "best": its `count` largest logits (ties: lower id first).
 * "gumbel": the one id that maximises logit · inverseTemperature + noise(seed, position, id), which samples the whole
 * vocabulary in one pass, whatever the number of shards.
 */
export type Selection =
  | (SelectionBase & {
      readonly kind: "best";
      /** 0 where nothing is drawn. */
      readonly count: number;
      /** Ask for the per-tile sums from which the mass over all ids is built. */
      readonly mass: boolean;
    })
  | (SelectionBase & { readonly kind: "gumbel"; readonly seed: bigint; readonly position: number });

interface SelectionBase {
  readonly inverseTemperature: number;
  /** Made to the logits before anything is selected or summed. */
  readonly edits?: LogitEdits;
  /** Also tell about the logits as the model gave them, before edits and temperature. */
  readonly raw?: RawRequest;
}

/** Changes to the logits of one row; an id occurs at most once in each list. The order is in `editLogits`. */
export interface LogitEdits {
  readonly repetitionPenalty: number;
  /** Ids that the repetition penalty meets. */
  readonly repeated: Uint32Array;
  readonly shifted: Uint32Array;
  /** Added to the logits of `shifted`, one each. */
  readonly shifts: Float32Array;
  /** Cannot be drawn. */
  readonly banned: Uint32Array;
  /** One bit an id, the lowest bit of word 0 for id 0: only ids whose bit is set can be drawn. null: all ids. */
  readonly allowed: Uint32Array | null;
}

export interface RawRequest {
  /** How many of the largest raw logits to tell. */
  readonly best: number;
  /** Ids whose raw logits are wanted by name. */
  readonly named: Uint32Array;
}

/** One shard's answer for one hidden row. */
export interface ShardSelection {
  /** Global token ids, best first; none that cannot be drawn. */
  readonly ids: Uint32Array;
  /** Logits of `ids`, edited. */
  readonly logits: Float32Array;
  /** True when `ids` holds every row of the shard that can be drawn. */
  readonly complete: boolean;
  /**
   * With mass: [max, Σ exp((logit − max) · inverseTemperature)] for each tile of TABLE_TILE_ROWS rows, in row order.
   * Empty otherwise.
   */
  readonly tiles: Float32Array;
  /** Where it was asked for. */
  readonly raw?: RawReport;
}

/** A shard's part of the model's own distribution. */
export interface RawReport {
  /** Of the answer's `ids`. */
  readonly logits: Float32Array;
  /** Largest first, equal ones by lower id. */
  readonly bestIds: Uint32Array;
  readonly bestLogits: Float32Array;
  /** Those asked for by name that lie in this shard. */
  readonly namedIds: Uint32Array;
  readonly namedLogits: Float32Array;
  /** As ShardSelection.tiles, at temperature 1. */
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
  /** For ids of prompt and answer; above 0, off at 1. */
  readonly repetitionPenalty?: number;
  /** Taken from an id's logit for each time it was drawn; off at 0. */
  readonly frequencyPenalty?: number;
  /** Taken once from the logits of ids that were drawn; off at 0. */
  readonly presencePenalty?: number;
  /** Added to the logits of single ids, each named once. */
  readonly logitBias?: readonly (readonly [id: number, bias: number])[];
}
