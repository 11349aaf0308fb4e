import type { PeerOptions } from "./peer.ts";

/** What the benchmark asks of a peer's process; one call at a time, in the order of the calls. */
export type PeerCall =
  | { readonly call: "prepare"; readonly module: string; readonly options: PeerOptions }
  | { readonly call: "prefill"; readonly tokens: number }
  | { readonly call: "decode"; readonly tokens: number; readonly context: number };

/** Its answer. `missing`: the error says what is not installed. */
export type PeerAnswer =
  | { readonly value: unknown }
  | { readonly error: string; readonly stack: string | undefined; readonly missing: boolean };
