import type { Env } from "../env.ts";
import { failureError } from "../errors.ts";
import type { AnswerEvent } from "../generation-events.ts";
import type { Model } from "../model.ts";
import { backOff } from "../pipeline/back-off.ts";
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
 * Hands an admitted sequence to the conductor of `model`. An ApiError when it refuses; one that has no room is asked again
 * while `patient` says so. What fails here gives the whole reservation back; everything else is the conductor's to settle.
 */
export async function startGeneration(
  env: Env,
  model: Model,
  call: GenerateCall,
  patient: () => boolean = () => false,
): Promise<Generation> {
  const conductor = () => conductorOf(env, model);

  const reading = new AbortController();
  let answer: GenerateAnswer;
  try {
    const ask = () => reachConductor<GenerateAnswer>(() => conductor().generate(call), reading.signal);
    answer = await ask();
    for (let attempt = 0; !answer.admitted && answer.failure.retryAfterMs !== undefined && patient(); attempt++) {
      await backOff(attempt);
      answer = await ask();
    }
  } catch (error) {
    await giveBack(env, call);
    throw error;
  }
  if (!answer.admitted) {
    await giveBack(env, call);
    throw failureError(answer.failure);
  }

  return {
    events: givingBack(lastingEvents(conductor, call.id, answer.events, reading.signal), () =>
      reading.signal.aborted ? undefined : giveBack(env, call),
    ),
    async leave() {
      reading.abort();
      await reachConductor(() => conductor().cancel(call.id)).catch((error: unknown) =>
        console.error(`cancelling ${call.id} failed`, error),
      );
    },
  };
}

/** Ends a reservation at nothing, if it has not been settled; never rejects. */
export async function giveBack(env: Env, { tenant, reservationId }: GenerateCall): Promise<void> {
  try {
    await env.LEDGER.getByName(tenant).settle(reservationId, { promptTokens: 0, completionTokens: 0 });
  } catch (error) {
    console.error(`settling ${reservationId} failed`, error);
  }
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
