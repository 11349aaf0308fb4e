import { generate } from "../../runtime/generate.ts";
import type { TokenPipeline } from "../../runtime/token-pipeline.ts";
import { constraintOn } from "../grammars.ts";
import { logLine } from "../log-line.ts";
import type { Model } from "../model.ts";
import type { TokensUsed } from "../tenants/price.ts";
import { toFailure } from "./failure.ts";
import type {
  GenerateAnswer,
  GenerateCall,
  GenerationEvent,
  GenerationFailure,
  GenerationRefusal,
} from "./generation-call.ts";
import { type EndReason, GenerationEnded } from "./generation-ended.ts";
import type { DrawnTokens, TokenRows } from "./generation-records.ts";
import { Readers } from "./readers.ts";
import { NOTHING_USED } from "./settlement.ts";
import { type Hops, TimedSession } from "./timings.ts";

/** A generation that goes on from the tokens that are known of it. */
export interface RunningGeneration {
  readonly call: GenerateCall;
  readonly model: Model;
  /** The first of its tokens, which need not be drawn again. */
  readonly known: DrawnTokens;
  readonly session: TokenPipeline & { readonly computedTokens: number };
  /** Of the ring that the session runs on. */
  readonly hops: Hops;
  /** Ids that its first run began with, since a prefix held them. */
  readonly cachedTokens: number;
  /** null where all of them are stored. */
  readonly rows: TokenRows | null;
}

/** How a run ended: at the answer's own end, by a failure of ours, or because it was stopped. */
export interface RunEnd {
  readonly how: "done" | "failed" | EndReason;
  /** All that the generation took, over all its runs. */
  readonly used: TokensUsed;
  /** Nobody is there to read why a generation was paused: its stream just breaks off. */
  readonly lastEvent: GenerationEvent | null;
}

const CANCELLED: GenerationRefusal = { code: "cancelled", message: "The generation was cancelled." };
const TOO_MANY_READERS: GenerationFailure = {
  code: "out_of_capacity",
  message: "This generation is being read by as many as may.",
  retryAfterMs: 1000,
};

/** One attempt of the conductor at a generation, for whoever reads it. */
export class GenerationRun {
  readonly id: string;
  readonly #readers = new Readers((how) => this.stop(how));
  readonly #leaving = new AbortController();
  readonly #startMs = performance.now();
  readonly #begun = Promise.withResolvers<GenerationFailure | GenerationRefusal | null>();
  readonly #over = Promise.withResolvers<void>();

  constructor(id: string) {
    this.id = id;
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

  /** All events, once it is known whether there are any. null when it is being paused: another run can begin when it is over. */
  async join(): Promise<GenerateAnswer | null> {
    const failure = await this.#begun.promise;
    if (failure !== null) return { admitted: false, failure };
    if (this.stopped === "cancelled") return { admitted: false, failure: CANCELLED };
    if (this.stopped !== undefined) return null;
    const joined = this.#readers.join();
    return joined === null ? { admitted: false, failure: TOO_MANY_READERS } : { admitted: true, ...joined };
  }

  leave(reader: string): void {
    this.#readers.leave(reader);
  }

  stop(reason: EndReason): void {
    this.#leaving.abort(new GenerationEnded(reason));
  }

  /** Lets readers in, or refuses them all. */
  begin(failure: GenerationFailure | GenerationRefusal | null): void {
    this.#begun.resolve(this.stopped === "cancelled" ? CANCELLED : failure);
  }

  /** Tells every reader how it ended. */
  end(lastEvent: GenerationEvent | null): void {
    this.#readers.close(lastEvent);
    this.#over.resolve();
  }

  /** Generates, tells the readers, and says how it ended; never rejects. */
  async run({ call, model, known, session, hops, cachedTokens, rows }: RunningGeneration): Promise<RunEnd> {
    const { constraint, ...asked } = call;
    const timed = new TimedSession(session, hops, this.#startMs);
    let tokens = 0;
    try {
      const ownStopIds = call.ignoreEos ? [] : model.manifest.specialTokens.stop;
      const stopIds = [...ownStopIds, ...(call.stopIds ?? [])];
      const request = {
        ...asked,
        stopIds,
        ...(constraint && {
          constraint: await constraintOn(model, constraint, { maxTokens: call.maxTokens, stopIds }),
        }),
        knownIds: known.ids,
        signal: this.signal,
      };
      for await (const event of generate(timed, model.tokenizer, request)) {
        if (event.type === "done") {
          rows?.end(true);
          const lastEvent = { ...event, ...(cachedTokens > 0 && { cachedTokens }), timings: timed.timings };
          return { how: "done", used: lastEvent, lastEvent };
        }
        if (event.type === "prompt") {
          await this.#readers.write(event);
          continue;
        }
        const logprobs = event.logprobs ?? known.logprobs?.slice(tokens, tokens + event.ids.length);
        tokens += event.ids.length;
        rows?.add(event.ids, logprobs);
        await this.#readers.write(logprobs ? { ...event, logprobs } : event);
      }
      throw new Error("a generation ended without its last event");
    } catch (error) {
      rows?.end(false);
      if (this.stopped === undefined) {
        logLine("error", "generation_failed", { generation: this.id, tenant: call.tenant }, error);
        return { how: "failed", used: NOTHING_USED, lastEvent: { type: "error", failure: toFailure(error) } };
      }
      // What is known was computed once, however far this run came with it.
      const computedTokens = known.ids.length > 0 ? call.promptIds.length : session.computedTokens;
      const promptTokens = Math.min(computedTokens, call.promptIds.length);
      const used = {
        promptTokens,
        cachedTokens: Math.min(cachedTokens, promptTokens),
        completionTokens: Math.max(tokens, known.ids.length),
      };
      const lastEvent: GenerationEvent | null =
        this.stopped === "cancelled" ? { type: "error", failure: CANCELLED } : null;
      return { how: this.stopped, used, lastEvent };
    }
  }
}
