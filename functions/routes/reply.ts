import { createHash } from "node:crypto";
import type { Model } from "../model.ts";
import type { Timings } from "../pipeline/timings.ts";
import type { PipelineSettings } from "../settings.ts";
import type { EndPart, TextPart } from "./answer-parts.ts";
import type { ScoredToken } from "./scored-token.ts";

export interface Usage {
  readonly promptTokens: number;
  /** Of these: taken from what a prompt before had computed. */
  readonly cachedTokens: number;
  /** With the end token. */
  readonly completionTokens: number;
}

export type FinishReason = "stop" | "length";

/** What every object of one answer carries. */
export interface ReplyHead {
  readonly id: string;
  readonly created: number;
  readonly model: string;
  readonly system_fingerprint: string;
}

export interface ReplyOptions {
  readonly includeUsage: boolean;
  /** Log-probabilities were asked for. */
  readonly logprobs: boolean;
  /** Answers to each prompt. */
  readonly choices: number;
}

/** One answer of a request, complete. */
export interface WholeChoice {
  readonly index: number;
  readonly text: string;
  readonly tokens: readonly ScoredToken[];
  readonly finish: FinishReason;
}

/** The objects of a request's answers, in the form of its route. */
export interface ReplyForm {
  /** Answers to each prompt. */
  readonly choices: number;
  /** The token that ended an answer is among those with log-probabilities. */
  readonly scoresEnd: boolean;
  /** Before any text of a choice. */
  opening(index: number): object | undefined;
  /** undefined while there is nothing to tell. */
  delta(part: TextPart): object | undefined;
  closing(part: EndPart): object;
  /** After the last closing; its form without usage where that was not asked for. */
  usage(usage: Usage): object;
  /** Everything in one object. */
  whole(choices: readonly WholeChoice[], usage: Usage): object;
}

const FINGERPRINT_DIGITS = 12;

/** Names the weights and the arithmetic: the same fingerprint and seed give the same tokens. */
export function systemFingerprint({ manifestHash }: Model, { engine, activations, kvBits }: PipelineSettings): string {
  const digest = createHash("sha256").update(`${manifestHash} ${engine} ${activations} ${kvBits}`).digest("hex");
  return `fp_${digest.slice(0, FINGERPRINT_DIGITS)}`;
}

/** OpenAI's usage object. */
export function usageOf({ promptTokens, cachedTokens, completionTokens }: Usage) {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens },
  };
}

const DECIMALS = 1000;
const rounded = (ms: number) => Math.round(ms * DECIMALS) / DECIMALS;

/** Where an answer's time went, as clients are told. */
export function timingsOf(timings: Timings) {
  const { queueMs, prefillMs, decodeMs, samplingMs, wireMs, totalMs, hopMs, hopsPerToken } = timings;
  return {
    queue_ms: rounded(queueMs),
    prefill_ms: rounded(prefillMs),
    decode_ms: rounded(decodeMs),
    sampling_ms: rounded(samplingMs),
    wire_ms: rounded(wireMs),
    total_ms: rounded(totalMs),
    hop_ms: rounded(hopMs),
    hops_per_token: hopsPerToken,
  };
}

export type TimingsReply = ReturnType<typeof timingsOf>;
