import { DurableObject } from "cloudflare:workers";
import { InferenceError } from "../../runtime/errors.ts";
import { generate } from "../../runtime/generate.ts";
import type { Env } from "../env.ts";
import { checkCall } from "../pipeline/call-check.ts";
import { EventLines } from "../pipeline/event-lines.ts";
import { toFailure } from "../pipeline/failure.ts";
import type { GenerateAnswer, GenerateCall, GenerationEvent } from "../pipeline/generation-call.ts";
import { LazyPart } from "../pipeline/lazy-part.ts";
import { Pipeline } from "../pipeline/pipeline.ts";
import type { PipelineStatus } from "../pipeline/pipeline-status.ts";
import { RingSession } from "../pipeline/ring-session.ts";
import { withTimeLimit } from "../pipeline/time-limit.ts";
import { readPipelineSettings } from "../settings.ts";

const SETTLE_LIMIT_MS = 5_000;

interface Usage {
  readonly promptTokens: number;
  readonly completionTokens: number;
}

const NOTHING: Usage = { promptTokens: 0, completionTokens: 0 };

/**
 * One pipeline's conductor: admits generations, stitches their routes, and is the only writer of their ids. It stores
 * nothing: when it is lost, so are its generations, and its parts drop their sessions at the next one's first join.
 */
export class Conductor extends DurableObject<Env> {
  readonly #pipeline = new LazyPart<Pipeline>();
  readonly #generations = new Map<string, AbortController>();
  #restTimer: ReturnType<typeof setTimeout> | undefined;

  /** Admits a generation when there is room and its route is ready; what it took is settled when it ends. */
  async generate(call: GenerateCall): Promise<GenerateAnswer> {
    if (this.#generations.has(call.id)) {
      return {
        admitted: false,
        failure: toFailure(new InferenceError("internal", "a generation has this id already")),
      };
    }
    const leaving = new AbortController();
    this.#begin(call.id, leaving);
    try {
      const pipeline = await this.#ensureReady();
      checkCall(call, pipeline.model);
      const session = await RingSession.open(pipeline, call.promptIds.length + call.maxTokens, leaving.signal);
      const lines = new EventLines((reason) => leaving.abort(reason));
      this.ctx.waitUntil(this.#run(call, pipeline, session, lines, leaving));
      return { admitted: true, events: lines.readable };
    } catch (error) {
      this.#end(call.id);
      return { admitted: false, failure: toFailure(error) };
    }
  }

  /** Ends a generation, running or waiting; unknown ids are those that have ended. */
  async cancel(id: string): Promise<void> {
    this.#generations.get(id)?.abort(new InferenceError("internal", "the generation was cancelled"));
  }

  /** How the pipeline and its parts are; wakes none of them. */
  async status(): Promise<PipelineStatus> {
    return await (await this.#ensureReady()).status();
  }

  #ensureReady(): Promise<Pipeline> {
    return this.#pipeline.ensureReady("", () => Pipeline.open(this.env, this.ctx.id.toString()));
  }

  async #run(
    call: GenerateCall,
    pipeline: Pipeline,
    session: RingSession,
    lines: EventLines,
    leaving: AbortController,
  ): Promise<void> {
    let sampledTokens = 0;
    let used = NOTHING;
    let last: GenerationEvent | null = null;
    try {
      const { tokenizer, manifest } = pipeline.model;
      const ownStopIds = call.ignoreEos ? [] : manifest.specialTokens.stop;
      const request = { ...call, stopIds: [...ownStopIds, ...(call.stopIds ?? [])], signal: leaving.signal };
      for await (const event of generate(session, tokenizer, request)) {
        if (event.type === "done") {
          last = event;
          used = event;
        } else {
          if (event.type === "token") sampledTokens += event.ids.length;
          await lines.write(event);
        }
      }
    } catch (error) {
      const left = leaving.signal.aborted;
      if (left)
        used = {
          promptTokens: Math.min(session.computedTokens, call.promptIds.length),
          completionTokens: sampledTokens,
        };
      else console.error(`generation ${call.id} failed`, error);
      last = left ? null : { type: "error", failure: toFailure(error) };
    }
    // Before the last line: a caller that reads it may come again at once, and finds its place free.
    await this.#settle(call, used);
    this.#end(call.id);
    // A stream without a last line is one that broke off; nobody is there to read why.
    if (last !== null) await lines.write(last);
    lines.close();
  }

  async #settle({ tenant, reservationId }: GenerateCall, { promptTokens, completionTokens }: Usage): Promise<void> {
    const ledger = this.env.LEDGER.getByName(tenant);
    try {
      const settling = Promise.resolve(ledger.settle(reservationId, { promptTokens, completionTokens }));
      await withTimeLimit(settling, SETTLE_LIMIT_MS, "the ledger");
    } catch (error) {
      // The reservation is a lease and runs out.
      console.error(`settling ${reservationId} failed`, error);
    }
  }

  #begin(id: string, leaving: AbortController): void {
    clearTimeout(this.#restTimer);
    this.#generations.set(id, leaving);
  }

  #end(id: string): void {
    this.#generations.delete(id);
    if (this.#generations.size > 0) return;
    // An open socket bills every object of the ring for as long as it is open.
    const { keepWarmSeconds } = readPipelineSettings(this.env);
    this.#restTimer = setTimeout(() => this.#pipeline.part?.ring.rest(), keepWarmSeconds * 1000);
  }
}
