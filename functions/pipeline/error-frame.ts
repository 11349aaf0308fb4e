import { toFailure } from "./failure.ts";
import { type FaultPlace, type FrameHead, type FrameOf, frameHead } from "./frame.ts";

/** Tells the conductor, in answer to a frame with `head`, that `sessions` failed at `place`. */
export function errorFrame(
  head: FrameHead,
  place: FaultPlace,
  sessions: readonly number[],
  error: unknown,
): FrameOf<"error"> {
  const { code, message } = toFailure(error);
  return { ...frameHead(head), kind: "error", code, message, place, sessions };
}
