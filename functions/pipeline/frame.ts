import type { RowGroup } from "../../runtime/engine.ts";
import type { InferenceErrorCode } from "../../runtime/errors.ts";
import type { Selection, ShardSelection } from "../../runtime/sampling/selection.ts";

/** Changes with every change of the wire form or of who answers what to whom. */
export const PROTOCOL_VERSION = 4;
/** Cloudflare's limit for one WebSocket message. */
export const MAX_FRAME_BYTES = 32 * 1024 * 1024;
export const MAX_ROUTE_STAGES = 256;
export const MAX_FRAME_GROUPS = 4096;
export const MAX_FRAME_ROWS = 1 << 20;
/** Hidden size of the widest model a manifest may describe. */
export const MAX_COLUMNS = 65_536;
export const MAX_FRAME_SESSIONS = 65_536;
export const MAX_ERROR_BYTES = 4096;

/** What every frame begins with. */
export interface FrameHead {
  /** Counts the conductor's frames and requests; an answer carries the number of what it answers. */
  readonly step: number;
  /** 32 bytes in hex: model, engine and split (pipeline-hash.ts). */
  readonly pipelineHash: string;
  /** 16 random bytes in hex, new with every life of the conductor. */
  readonly incarnation: string;
  /** Which replica of each stage the frame passes. */
  readonly route: readonly number[];
}

/** Consecutive rows of one session. */
export interface RowsGroup {
  readonly session: number;
  /** Position of the first row. */
  readonly position: number;
  readonly rows: number;
  /** The stage forgets the session's tokens from here on before it runs the rows. */
  readonly truncateTo: number;
  /** The rows, counted from the group's first, whose logits are wanted: `firstWanted …`, one selection each. */
  readonly firstWanted: number;
  readonly selections: readonly Selection[];
}

/** One final-normed row for the vocabulary shards. */
export interface WantedRow {
  readonly session: number;
  readonly position: number;
  readonly selection: Selection;
}

export interface RowAnswer {
  readonly session: number;
  readonly position: number;
  readonly selection: ShardSelection;
}

/** Where something went wrong: `group` is a stage's index, or "vocabulary" with the shard's index as `replica`. */
export interface FaultPlace {
  readonly group: number | "vocabulary";
  readonly replica: number;
  /** Of a stage whose layers are split: which helper. Errors that travel name the stage alone. */
  readonly part?: number;
}

export type FrameBody =
  /** Forward, to a stage. `hidden` is [rows of all groups, columns]. */
  | { readonly kind: "rows"; readonly groups: readonly RowsGroup[]; readonly hidden: Float32Array }
  /** Last stage → every vocabulary shard; with no rows it only acknowledges the step (to the first shard). */
  | { readonly kind: "select"; readonly wanted: readonly WantedRow[]; readonly hidden: Float32Array }
  /** Conductor → vocabulary shard: embedding rows of ids that lie in it. */
  | { readonly kind: "embed"; readonly ids: Uint32Array }
  | { readonly kind: "embedded"; readonly ids: Uint32Array; readonly hidden: Float32Array }
  /** Vocabulary shard → conductor. */
  | { readonly kind: "answers"; readonly answers: readonly RowAnswer[] }
  /** Conductor → vocabulary shard: another selection for the session's last wanted row. */
  | { readonly kind: "reselect"; readonly session: number; readonly selection: Selection }
  /**
   * Forward along the route: `session` begins with the first `tokens` tokens of session `from`. A stage that no longer has
   * them says nothing: rows that follow will not find their position there.
   */
  | { readonly kind: "fork"; readonly from: number; readonly session: number; readonly tokens: number }
  /** Stage → the helpers of its layers, which know sessions by the stage's slots: block `block` of a call. */
  | {
      readonly kind: "multiply";
      readonly block: number;
      readonly groups: readonly RowGroup[];
      readonly hidden: Float32Array;
    }
  /** Helper → stage: its share of the block's sum, as many rows. */
  | { readonly kind: "share"; readonly rows: number; readonly hidden: Float32Array }
  /** Stage → helper: the session forgets its tokens from `tokens` on. */
  | { readonly kind: "truncate"; readonly session: number; readonly tokens: number }
  /** Forward along the route and to every vocabulary shard: the sessions are over. */
  | { readonly kind: "close"; readonly sessions: readonly number[] }
  /** Backward along the links the frame came by, or from a vocabulary shard to the conductor. */
  | {
      readonly kind: "error";
      readonly code: InferenceErrorCode;
      readonly message: string;
      readonly place: FaultPlace;
      readonly sessions: readonly number[];
    };

export type Frame = FrameHead & FrameBody;
export type FrameOf<Kind extends FrameBody["kind"]> = FrameHead & Extract<FrameBody, { kind: Kind }>;

/** The head alone, for a frame that answers another or passes it on. */
export const frameHead = ({ step, pipelineHash, incarnation, route }: FrameHead): FrameHead => ({
  step,
  pipelineHash,
  incarnation,
  route,
});

/** "stage 2 (replica 1)" or "vocabulary shard 0": how errors name a part. */
export function placeName({ group, replica, part }: FaultPlace): string {
  return group === "vocabulary"
    ? `vocabulary shard ${replica}`
    : `stage ${group} (replica ${replica}${part === undefined ? "" : `, part ${part}`})`;
}
