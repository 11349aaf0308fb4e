import { InferenceError } from "../../runtime/errors.ts";

/**
 * Why a generation stops before its end: somebody cancelled it; the reader of its events is gone, without a word, and may
 * come back; or it goes on elsewhere, for another reader.
 */
export type EndReason = "cancelled" | "left" | "superseded";

const MESSAGES: Readonly<Record<EndReason, string>> = {
  cancelled: "the generation was cancelled",
  left: "the reader of the generation left",
  superseded: "the generation goes on for another reader",
};

/** What a generation's signal is aborted with. */
export class GenerationEnded extends InferenceError {
  readonly reason: EndReason;

  constructor(reason: EndReason) {
    super("internal", MESSAGES[reason]);
    this.reason = reason;
  }
}
