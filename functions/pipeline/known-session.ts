import { InferenceError } from "../../runtime/errors.ts";
import type { TokenPipeline } from "../../runtime/token-pipeline.ts";

const missing = (): Promise<never> =>
  Promise.reject(new InferenceError("internal", "an answer that was stored whole lacks a token"));

/** Stands for the ring where every token of an answer is known: telling it again computes nothing and takes no place. */
export const KNOWN_SESSION: TokenPipeline & { readonly computedTokens: number } = {
  computedTokens: 0,
  step: missing,
  score: missing,
  reselect: missing,
  close: async () => {},
};
