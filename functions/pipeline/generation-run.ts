import { generate } from "../../runtime/generate.ts";
import { constraintOn } from "../grammars.ts";
import { EventLines } from "./event-lines.ts";
import { toFailure } from "./failure.ts";
import type { GenerateCall, GenerationEvent } from "./generation-call.ts";
import { type EndReason, GenerationEnded } from "./generation-ended.ts";
import type { IdRows } from "./generation-records.ts";
import type { Pipeline } from "./pipeline.ts";
import type { RingSession } from "./ring-session.ts";
import { NOTHING_USED, type TokenUsage } from "./settlement.ts";
import { TimedSession } from "./timings.ts";

/** Where a generation goes on from. */
export interface Beginning {
  /** Tokens that its reader has. */
  readonly afterToken: number;
  /** The first of them, which need not be drawn again. */
  readonly knownIds: readonly number[];
  /** It was admitted before. */
  readonly resumed: boolean;
}

/** How a run ended: at the answer's own end, by a failure of ours, or because it was stopped. */
export interface RunEnd {
  readonly how: "done" | "failed" | EndReason;
  readonly used: TokenUsage;
  /** Nobody is there to read why a generation was stopped: its stream just breaks off. */
  readonly lastEvent: GenerationEvent | null;
}

/** One attempt of the conductor at a generation, for one reader. */
export class GenerationRun {
  readonly call: GenerateCall;
  readonly from: Beginning;
  readonly lines = new EventLines(() => this.stop("left"));
  readonly #leaving = new AbortController();
  readonly #startMs = performance.now();
  readonly #over = Promise.withResolvers<void>();

  constructor(call: GenerateCall, from: Beginning) {
    this.call = call;
    this.from = from;
  }

  get signal(): AbortSignal {
    return this.#leaving.signal;
  }

  /** Why it was stopped; undefined when it was not. */
  get stopped(): EndReason | undefined {
    const reason: unknown = this.signal.reason;
    return reason instanceof GenerationEnded ? reason.reason : undefined;
  }

  /** Resolves after `end`. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  stop(reason: EndReason): void {
    this.#leaving.abort(new GenerationEnded(reason));
  }

  end(): void {
    this.#over.resolve();
  }

  /** Generates on `session`, tells the reader what it does not have yet, and says how it ended; never rejects. */
  async run({ model, ring }: Pipeline, session: RingSession, rows: IdRows): Promise<RunEnd> {
    const { promptLogprobs, constraint, ...call } = this.call;
    const { afterToken, knownIds } = this.from;
    const timed = new TimedSession(session, ring, this.#startMs);
    let tokens = 0;
    try {
      const ownStopIds = call.ignoreEos ? [] : model.manifest.specialTokens.stop;
      const stopIds = [...ownStopIds, ...(call.stopIds ?? [])];
      const request = {
        ...call,
        stopIds,
        ...(constraint && { constraint: constraintOn(model, constraint, { maxTokens: call.maxTokens, stopIds }) }),
        knownIds,
        signal: this.signal,
        // What there is to tell about the prompt was told before the first token.
        ...(afterToken === 0 && promptLogprobs !== undefined && { promptLogprobs }),
      };
      for await (const event of generate(timed, model.tokenizer, request)) {
        if (event.type === "done") {
          rows.flush();
          const cachedTokens = Math.min(session.cachedTokens, call.promptIds.length);
          const lastEvent = { ...event, ...(cachedTokens > 0 && { cachedTokens }), timings: timed.timings };
          return { how: "done", used: lastEvent, lastEvent };
        }
        if (event.type === "token") {
          tokens += event.ids.length;
          rows.add(event.ids);
          if (tokens <= afterToken) continue;
        }
        await this.lines.write(event);
      }
      throw new Error("a generation ended without its last event");
    } catch (error) {
      if (this.stopped === undefined) {
        console.error(`generation ${this.call.id} failed`, error);
        return { how: "failed", used: NOTHING_USED, lastEvent: { type: "error", failure: toFailure(error) } };
      }
      const promptTokens = Math.min(session.computedTokens, call.promptIds.length);
      const cachedTokens = Math.min(session.cachedTokens, promptTokens);
      return { how: this.stopped, used: { promptTokens, cachedTokens, completionTokens: tokens }, lastEvent: null };
    }
  }
}
