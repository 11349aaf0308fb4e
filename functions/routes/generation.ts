import type { Env } from "../env.ts";
import { failureError } from "../errors.ts";
import type { AnswerEvent } from "../generation-events.ts";
import type { Model } from "../model.ts";
import type { GenerateAnswer, GenerateCall } from "../pipeline/generation-call.ts";
import { conductorOf } from "./conductor-of.ts";
import { lastingEvents, reachConductor } from "./lasting-events.ts";

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

  const reading = new AbortController();
  let answer: GenerateAnswer;
  try {
    answer = await reachConductor<GenerateAnswer>(() => conductor().generate(call), reading.signal);
  } catch (error) {
    await giveBack();
    throw error;
  }
  if (!answer.admitted) {
    await giveBack();
    throw failureError(answer.failure);
  }

  return {
    events: givingBack(lastingEvents(conductor, call.id, answer.events, reading.signal), () =>
      reading.signal.aborted ? undefined : giveBack(),
    ),
    async leave() {
      reading.abort();
      await reachConductor(() => conductor().cancel(call.id)).catch((error: unknown) =>
        console.error(`cancelling ${call.id} failed`, error),
      );
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
