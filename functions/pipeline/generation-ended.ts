import { InferenceError } from "../../runtime/errors.ts";

/**
 * Why a generation stops before its end: somebody cancelled it; its last reader said that it does not want the rest now; or
 * its last reader is gone without a word, and may come back at once.
 */
export type EndReason = "cancelled" | "paused" | "left";

const MESSAGES: Readonly<Record<EndReason, string>> = {
  cancelled: "the generation was cancelled",
  paused: "nobody reads the generation now",
  left: "the reader of the generation vanished",
};

/** What a generation's signal is aborted with. */
export class GenerationEnded extends InferenceError {
  readonly reason: EndReason;

  constructor(reason: EndReason) {
    super("internal", MESSAGES[reason]);
    this.reason = reason;
  }
}
