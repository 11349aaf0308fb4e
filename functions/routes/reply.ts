import { createHash } from "node:crypto";
import type { Model } from "../model.ts";
import type { PipelineSettings } from "../settings.ts";

export interface Usage {
  readonly promptTokens: number;
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

/** The objects of one answer, in the form of its route. */
export interface ReplyForm {
  /** Before any text. */
  opening(): object | undefined;
  delta(text: string): object;
  closing(finish: FinishReason): object;
  /** After the closing, when asked for. */
  usage(usage: Usage): object;
  /** The whole answer in one object. */
  whole(text: string, finish: FinishReason, usage: Usage): object;
}

const FINGERPRINT_DIGITS = 12;

/** Names the weights and the arithmetic: the same fingerprint and seed give the same tokens. */
export function systemFingerprint({ manifestHash }: Model, { engine, activations, kvBits }: PipelineSettings): string {
  const digest = createHash("sha256").update(`${manifestHash} ${engine} ${activations} ${kvBits}`).digest("hex");
  return `fp_${digest.slice(0, FINGERPRINT_DIGITS)}`;
}

/** OpenAI's usage object. */
export function usageOf({ promptTokens, completionTokens }: Usage) {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
}
