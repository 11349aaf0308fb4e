import type { Measurement } from "./interleave.ts";
import type { PeerDescription } from "./peer.ts";

/** Medians of one peer, by prompt length or by the context decoded after; and every sample. */
export interface PeerResult extends PeerDescription {
  readonly peer: string;
  readonly loadSeconds: number;
  readonly prefillTokensPerSecond: Readonly<Record<string, number>>;
  readonly decodeTokensPerSecond: Readonly<Record<string, number>>;
  readonly samplesMs: readonly (Measurement & { readonly ms: readonly number[] })[];
}

/** What test/bench/peers/run.ts prints. */
export interface PeersReport {
  readonly machine: Readonly<Record<string, unknown>>;
  readonly model: Readonly<Record<string, unknown>>;
  readonly peers: readonly PeerResult[];
  /** Why a peer was not measured, by its name. */
  readonly skipped: Readonly<Record<string, string>>;
}
