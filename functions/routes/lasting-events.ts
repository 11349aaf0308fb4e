import { failureError } from "../errors.ts";
import { type AnswerEvent, BrokenStream, readEvents } from "../generation-events.ts";
import { logLine } from "../log-line.ts";
import type { Conductor } from "../objects/conductor.ts";
import { backOff } from "../pipeline/back-off.ts";
import type { GenerateAnswer } from "../pipeline/generation-call.ts";

/** Tries without a token between them: about ten seconds of waiting, and what the tries themselves take. */
const MAX_TRIES = 12;

/** A stub that has thrown is broken: every try takes a new one. */
export type ConductorStub = () => DurableObjectStub<Conductor>;

/**
 * What a conductor answers to `ask`, which must be safe to repeat: one that is lost while it thinks is asked again in its
 * next life. An ApiError stage_lost when that does not help, or `signal` says that nobody waits any more.
 */
export async function reachConductor<Answer>(ask: () => Promise<Answer>, signal?: AbortSignal): Promise<Answer> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await ask();
    } catch (cause) {
      const { overloaded } = cause as { overloaded?: boolean };
      if (overloaded || signal?.aborted || attempt + 1 === MAX_TRIES) {
        const message = "The pipeline could not be reached. Please try again.";
        throw failureError({ code: "stage_lost", message }, cause);
      }
    }
    await backOff(attempt);
  }
}

/**
 * The events of generation `id`, up to `done`; `stream` is their beginning. When a stream breaks off because its conductor
 * was lost, the conductor's next life tells them all again, and this goes on after the last that came: the reader notices a
 * pause only; `onResumed` hears its new name. Throws an ApiError when the generation fails or nobody goes on with it.
 * Aborting `signal` ends the reading.
 */
export async function* lastingEvents(
  conductor: ConductorStub,
  id: string,
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal,
  onResumed: (reader: string) => void,
): AsyncGenerator<AnswerEvent> {
  const ids: number[] = [];
  /** Tokens of the prompt whose log-probabilities came. */
  let scored = 0;
  let current: ReadableStream<Uint8Array> | null = stream;
  for (let attempt = 0; ; attempt++) {
    try {
      current ??= await resumed(conductor, id, ids, signal, onResumed);
      let repeatedScores = scored;
      let repeatedTokens = ids.length;
      for await (const event of readEvents(current, signal)) {
        if (event.type === "prompt") {
          repeatedScores -= event.logprobs.length;
          if (repeatedScores >= 0) continue;
          scored += event.logprobs.length;
        } else if (event.type === "token") {
          repeatedTokens -= event.ids.length;
          if (repeatedTokens >= 0) continue;
          ids.push(...event.ids);
        }
        attempt = 0;
        yield event;
        if (event.type === "done") return;
      }
    } catch (error) {
      if (!(error instanceof BrokenStream) || signal.aborted || attempt + 1 === MAX_TRIES) throw error;
      logLine("warn", "generation_broke_off", { generation: id, tokens: ids.length }, error);
    }
    current = null;
    await backOff(attempt);
  }
}

/** The events again, for a reader that has the tokens `ids`; BrokenStream when asking again may help. */
async function resumed(
  conductor: ConductorStub,
  id: string,
  ids: readonly number[],
  signal: AbortSignal,
  onResumed: (reader: string) => void,
): Promise<ReadableStream<Uint8Array>> {
  const answer = await reachConductor<GenerateAnswer>(() => conductor().resume(id, ids.length, ids), signal);
  if (answer.admitted) {
    onResumed(answer.reader);
    if (signal.aborted) await answer.events.cancel();
    return answer.events;
  }
  const refusal = failureError(answer.failure);
  throw answer.failure.retryAfterMs === undefined ? refusal : new BrokenStream(refusal);
}
