import type { PartStatus } from "./assignment.ts";
import type { EngineIdentity, StageRange, TableRange } from "./topology.ts";

export interface ReplicaStatus extends PartStatus {
  readonly replica: number;
  /** Sessions that are promised room in it. */
  readonly seats: number;
  /** It takes no new sessions, and ends with its last one. */
  readonly draining: boolean;
  /** KV tokens promised to sessions, whole pages. */
  readonly reservedTokens: number;
  /** KV tokens that prefixes hold and no session has reserved, and how many prefixes there are; `sessions` counts these too. */
  readonly cachedTokens: number;
  /** The same two of layers with a window; 0 where the model has none. */
  readonly reservedWindowTokens: number;
  readonly cachedWindowTokens: number;
  readonly prefixes: number;
  /** Failed when last heard of. */
  readonly suspect: boolean;
  /** The other objects that its layers are split over; none where they are whole. */
  readonly helpers: readonly PartStatus[];
}

/** A pipeline as its conductor sees it: plain values for RPC. */
export interface PipelineStatus {
  readonly pipelineHash: string;
  readonly engine: EngineIdentity;
  /** Of each stage, that serve. */
  readonly replicas: number;
  /** KV cache of each replica of a stage. */
  readonly kvTokens: number;
  /** The same of layers with a window; 0 where the model has none. */
  readonly kvWindowTokens: number;
  readonly sessions: number;
  readonly waiting: number;
  /** Sessions the parts have been told of, and what they were asked and have not answered. */
  readonly passages: number;
  readonly unanswered: number;
  /** WASM (or JS) memory of all parts together. */
  readonly memoryBytes: number;
  readonly embeddingCacheBytes: number;
  /** What a message between parts takes, one way; 0 as long as nothing is known. */
  readonly hopMs: number;
  /** Prefixes kept now, sessions that began with one in this conductor's life, and the tokens they did not compute. */
  readonly prefixCache: { readonly prefixes: number; readonly hits: number; readonly reusedTokens: number };
  readonly stages: readonly (StageRange & { readonly replicas: readonly ReplicaStatus[] })[];
  readonly shards: readonly (TableRange & PartStatus)[];
}

/** The same with the conductor's own: generations that run or wait, and those whose reader vanished. */
export interface ConductorStatus extends PipelineStatus {
  readonly running: number;
  readonly paused: number;
}
