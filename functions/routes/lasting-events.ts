import { failureError } from "../errors.ts";
import { type AnswerEvent, BrokenStream, readEvents } from "../generation-events.ts";
import { logLine } from "../log-line.ts";
import type { Conductor } from "../objects/conductor.ts";
import type { GenerateAnswer } from "../pipeline/generation-call.ts";
import { Patience } from "../pipeline/patience.ts";

/** For a conductor that answers nothing. */
const REACH_LIMIT_MS = 20_000;
/** For an answer that has begun, without a token: its reader has something to lose, and is told that it is still there. */
const RESUME_LIMIT_MS = 60_000;

/** A stub that has thrown is broken: every try takes a new one. */
export type ConductorStub = () => DurableObjectStub<Conductor>;

/**
 * What a conductor answers to `ask`, which must be safe to repeat: one that is lost while it thinks is asked again in its
 * next life. An ApiError stage_lost when that does not help, or `signal` says that nobody waits any more.
 */
export async function reachConductor<Answer>(
  ask: () => Promise<Answer>,
  signal?: AbortSignal,
  patience = new Patience(REACH_LIMIT_MS),
): Promise<Answer> {
  for (;;) {
    try {
      return await ask();
    } catch (cause) {
      const { overloaded } = cause as { overloaded?: boolean };
      if (overloaded || signal?.aborted || !(await patience.another())) {
        const message = "The pipeline could not be reached. Please try again.";
        throw failureError({ code: "stage_lost", message }, cause);
      }
    }
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
  const patience = new Patience(RESUME_LIMIT_MS);
  for (;;) {
    try {
      current ??= await resumed(conductor, id, ids, signal, patience, onResumed);
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
        patience.renew();
        yield event;
        if (event.type === "done") return;
      }
    } catch (error) {
      if (!(error instanceof BrokenStream) || signal.aborted || !(await patience.another())) throw error;
      logLine("warn", "generation_broke_off", { generation: id, tokens: ids.length }, error);
    }
    current = null;
  }
}

/** The events again, for a reader that has the tokens `ids`; BrokenStream when asking again may help. */
async function resumed(
  conductor: ConductorStub,
  id: string,
  ids: readonly number[],
  signal: AbortSignal,
  patience: Patience,
  onResumed: (reader: string) => void,
): Promise<ReadableStream<Uint8Array>> {
  const ask = () => conductor().resume(id, ids.length, ids);
  const answer = await reachConductor<GenerateAnswer>(ask, signal, patience);
  if (answer.admitted) {
    onResumed(answer.reader);
    if (signal.aborted) await answer.events.cancel();
    return answer.events;
  }
  const refusal = failureError(answer.failure);
  throw answer.failure.retryAfterMs === undefined ? refusal : new BrokenStream(refusal);
}
