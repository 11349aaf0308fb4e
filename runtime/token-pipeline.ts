import type { Selection, ShardSelection } from "./sampling/selection.ts";

/**
 * What a generation needs from the machinery beneath it, for one session: all layers in one process, or a ring of
 * Durable Objects. `runtime/generate.ts` is written against this, so both give the same tokens.
 */
export interface TokenPipeline {
  /** Feeds `ids` at positions `position …` and answers the selection for the last of them, one entry a shard in row order. */
  step(ids: readonly number[], position: number, selection: Selection): Promise<ShardSelection[]>;
  /** The same with an answer for each of the last rows: `selections` belong to the last `selections.length` of `ids`. */
  score(ids: readonly number[], position: number, selections: readonly Selection[]): Promise<ShardSelection[][]>;
  /** Answers another selection for the row answered last (top-p needing more candidates than came). */
  reselect(selection: Selection): Promise<ShardSelection[]>;
  /** Frees the session's KV cache. Idempotent. */
  close(): Promise<void>;
}
