import type { Env } from "../env.ts";
import { failureError } from "../errors.ts";
import { type AnswerEvent, readEvents } from "../generation-events.ts";
import type { Model } from "../model.ts";
import type { GenerateAnswer, GenerateCall } from "../pipeline/generation-call.ts";
import { conductorOf } from "./conductor-of.ts";

/** A generation that a conductor has taken on. */
export interface Generation {
  /** Up to and with `done`; throws an ApiError when it fails. */
  readonly events: AsyncGenerator<AnswerEvent>;
  /** Ends the work when nobody wants the answer any more; never rejects. */
  leave(): Promise<void>;
}

/**
 * Hands an admitted request to the conductor of `model`. An ApiError when it refuses. What fails here gives the whole
 * reservation back; everything else is the conductor's to settle.
 */
export async function startGeneration(env: Env, model: Model, call: GenerateCall): Promise<Generation> {
  const giveBack = () =>
    env.LEDGER.getByName(call.tenant)
      .settle(call.reservationId, { promptTokens: 0, completionTokens: 0 })
      .catch((error: unknown) => console.error(`settling ${call.reservationId} failed`, error));
  const conductor = () => conductorOf(env, model);

  let answer: GenerateAnswer;
  try {
    answer = await conductor().generate(call);
  } catch (cause) {
    await giveBack();
    throw failureError({ code: "stage_lost", message: "The pipeline could not be reached. Please try again." }, cause);
  }
  if (!answer.admitted) {
    await giveBack();
    throw failureError(answer.failure);
  }

  const reading = new AbortController();
  return {
    events: givingBack(readEvents(answer.events, reading.signal), () =>
      reading.signal.aborted ? undefined : giveBack(),
    ),
    async leave() {
      reading.abort();
      await conductor()
        .cancel(call.id)
        .catch((error: unknown) => console.error(`cancelling ${call.id} failed`, error));
    },
  };
}

/** Calls `onFailure` when the events end in an error. */
async function* givingBack(
  events: AsyncGenerator<AnswerEvent>,
  onFailure: () => Promise<void> | undefined,
): AsyncGenerator<AnswerEvent> {
  try {
    yield* events;
  } catch (error) {
    await onFailure();
    throw error;
  }
}
