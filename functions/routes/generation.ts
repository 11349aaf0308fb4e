import type { Env } from "../env.ts";
import { failureError } from "../errors.ts";
import type { AnswerEvent } from "../generation-events.ts";
import { logLine } from "../log-line.ts";
import type { Model } from "../model.ts";
import { backOff } from "../pipeline/back-off.ts";
import type { GenerateAnswer, GenerateCall } from "../pipeline/generation-call.ts";
import { conductorOf } from "./conductor-of.ts";
import { lastingEvents, reachConductor } from "./lasting-events.ts";

/** A generation that a conductor has taken on. */
export interface Generation {
  /** Up to and with `done`; throws an ApiError when it fails. */
  readonly events: AsyncGenerator<AnswerEvent>;
  /** Ends the work when nobody wants the answer any more, or only this reading where it is kept; never rejects. */
  leave(): Promise<void>;
}

/**
 * Hands an admitted sequence to the conductor of `model`. An ApiError when it refuses; one that has no room is asked again
 * while `patient` says so. What fails here gives the whole reservation back, unless others may read the generation too;
 * everything else is the conductor's to settle.
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
    if (!answer.admitted) throw failureError(answer.failure);
  } catch (error) {
    if (!call.kept) await giveBack(env, call);
    throw error;
  }

  let { reader } = answer;
  const events = lastingEvents(conductor, call.id, answer.events, reading.signal, (resumed) => {
    reader = resumed;
  });
  return {
    events: call.kept ? events : givingBack(events, () => (reading.signal.aborted ? undefined : giveBack(env, call))),
    async leave() {
      reading.abort();
      if (call.kept) await leaveKept(env, model, call, reader);
      else await told("cancelling_failed", call.id, () => conductor().cancel(call.id));
    },
  };
}

/** Gives up a sequence that was not started, or was refused; never rejects. */
export async function release(env: Env, model: Model, call: GenerateCall): Promise<void> {
  if (call.kept) await leaveKept(env, model, call);
  else await giveBack(env, call);
}

/** The conductor knows whether others read it. */
async function leaveKept(env: Env, model: Model, call: GenerateCall, reader?: string): Promise<void> {
  const { id, tenant, reservationId } = call;
  await told("leaving_failed", id, () => conductorOf(env, model).leave({ id, tenant, reservationId }, reader));
}

async function told(failed: string, generation: string, tell: () => Promise<void>): Promise<void> {
  await reachConductor(tell).catch((error: unknown) => logLine("error", failed, { generation }, error));
}

/** Ends a reservation at nothing, if it has not been settled; never rejects. */
async function giveBack(env: Env, { tenant, reservationId }: GenerateCall): Promise<void> {
  try {
    await env.LEDGER.getByName(tenant).settle(reservationId, { promptTokens: 0, completionTokens: 0 });
  } catch (error) {
    logLine("error", "settlement_failed", { tenant, lease: reservationId }, error);
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
