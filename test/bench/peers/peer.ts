import type { KernelModules } from "../../../runtime/simd/instantiate.ts";

/** Where a peer finds what it measures. */
export interface PeerOptions {
  /** The GGUF file, for peers that read one; else empty. */
  readonly gguf: string;
  /** A model of the same shape as our own folder, for ours; else empty. */
  readonly modelFolder: string;
  /** Which build of our kernels. */
  readonly engineBuild: keyof KernelModules;
  /** Tokens the KV cache must hold. */
  readonly contextTokens: number;
  /** Ids below this may be fed to the model. */
  readonly vocabSize: number;
  /** The browser's executable, for peers that run in one. */
  readonly chromium: string;
}

export interface PeerDescription {
  readonly version: string;
  /** What else decides the speed: instruction set, browser. */
  readonly detail: string;
}

/** An engine under measurement, one thread. Neither time includes sampling: both end when the logits are there. */
export interface Peer {
  /** Loads the model and warms up; throws a PeerMissingError when something is not installed. */
  prepare(): Promise<PeerDescription>;
  /** Milliseconds to process a prompt of so many tokens from an empty cache to the logits of its last one. */
  prefill(tokens: number): Promise<number>;
  /** Milliseconds a token, over so many tokens decoded one by one after `context` tokens. */
  decode(tokens: number, context: number): Promise<number>;
  close(): Promise<void>;
}

/** What the module of a peer exports. */
export interface PeerModule {
  createPeer(options: PeerOptions): Peer;
}

/** Something the peer needs is not installed; the message says what, and how to get it. */
export class PeerMissingError extends Error {
  override readonly name = "PeerMissingError";
}
