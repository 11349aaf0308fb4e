import type { ConstraintSpecification } from "../../runtime/constrain/specification.ts";
import type { DoneEvent, PromptEvent, TokenEvent } from "../../runtime/generate.ts";
import type { SamplingParameters } from "../../runtime/sampling/selection.ts";
import type { Refusal } from "../tenants/reservation.ts";
import type { Timings } from "./timings.ts";

/** What the gateway asks of a conductor: RPC, so plain values only. */
export interface GenerateCall {
  /** 128 random bits in hex; names the generation to `cancel`. */
  readonly id: string;
  /** Whose ledger settles, and which reservation. */
  readonly tenant: string;
  readonly reservationId: string;
  /** Its tenant's turns in the pipeline for each of a tenant with 1; left out, 1. */
  readonly weight?: number;
  /** Hex SHA-256 of the manifest the gateway tokenised for. */
  readonly manifestHash: string;
  readonly promptIds: readonly number[];
  readonly sampling: SamplingParameters;
  readonly maxTokens: number;
  /** Text at which generation ends; the text itself is not returned. */
  readonly stop: readonly string[];
  /** Ids that end the generation beside the model's own. */
  readonly stopIds?: readonly number[];
  /** The model's own end tokens are tokens like any other. */
  readonly ignoreEos?: boolean;
  /** As in GenerationRequest. */
  readonly minTokens?: number;
  readonly logprobs?: number;
  readonly promptLogprobs?: number;
  /** What the answer must be. */
  readonly constraint?: ConstraintSpecification;
  /** Within the tenant, only calls with the same key (or all without one) share what was computed of their prompts. */
  readonly cacheKey?: string;
  /** Kept for its caller: it pauses when nobody reads it, and whoever asks for it again gets the same. */
  readonly kept?: true;
  /** What asked for it, where it is kept and the first of its request's sequences. */
  readonly request?: KeptRequest;
}

/** Enough of a request to answer it again. */
export interface KeptRequest {
  /** Of its route. */
  readonly path: string;
  /** Its JSON text as it came, in UTF-8: a stored value holds 2 MB, which characters could take twice as much of. */
  readonly body: Uint8Array;
  /** When it was admitted. */
  readonly atMs: number;
}

/** Failures a conductor answers or streams; the gateway maps them to OpenAI's error body. */
export interface GenerationFailure {
  readonly code:
    | "bad_shard"
    | "wrong_pipeline"
    | "position_gap"
    | "out_of_capacity"
    | "timed_out"
    | "stage_lost"
    | "unsupported"
    | "internal";
  readonly message: string;
  /** Set when trying again later may help. */
  readonly retryAfterMs?: number;
}

/**
 * Why a generation does not go on, where that is nobody's failure: it was cancelled; it is not there, or not any more; or
 * its tenant's limits leave no room for the rest now.
 */
export type GenerationRefusal =
  | { readonly code: "cancelled" | "gone"; readonly message: string; readonly retryAfterMs?: never }
  | {
      readonly code: "limited";
      readonly message: string;
      readonly retryAfterMs: number;
      readonly refusal: Refusal;
    };

/**
 * Admitted (a byte stream of JSON lines, GenerationEvent, all from the first on, and the reader's name for `leave`) or
 * refused before any byte.
 */
export type GenerateAnswer =
  | { readonly admitted: true; readonly reader: string; readonly events: ReadableStream<Uint8Array> }
  | { readonly admitted: false; readonly failure: GenerationFailure | GenerationRefusal };

export type LoadAnswer = { readonly loaded: true } | { readonly loaded: false; readonly failure: GenerationFailure };

/** A generation's last event. */
export interface EndEvent extends DoneEvent {
  /** Of the conductor's life that ended it. */
  readonly timings?: Timings;
  /** The prompt's tokens that were not computed because a prefix held them; absent: none. */
  readonly cachedTokens?: number;
}

/** One line of the stream. `token` lines may carry empty text (bytes held back until a character is complete). */
export type GenerationEvent =
  | PromptEvent
  | TokenEvent
  | EndEvent
  | { readonly type: "error"; readonly failure: GenerationFailure | GenerationRefusal };
