import { DurableObject } from "cloudflare:workers";
import { InferenceError } from "../../runtime/errors.ts";
import type { Env } from "../env.ts";
import { checkCall } from "../pipeline/call-check.ts";
import { toFailure } from "../pipeline/failure.ts";
import type { GenerateAnswer, GenerateCall, LoadAnswer } from "../pipeline/generation-call.ts";
import { GenerationRecords, type IdRows } from "../pipeline/generation-records.ts";
import { GenerationRun } from "../pipeline/generation-run.ts";
import { LazyPart } from "../pipeline/lazy-part.ts";
import { Pauses } from "../pipeline/pauses.ts";
import { Pipeline } from "../pipeline/pipeline.ts";
import type { ConductorStatus } from "../pipeline/pipeline-status.ts";
import { RingSession, type SessionAsked } from "../pipeline/ring-session.ts";
import { NOTHING_USED, settle, type TokenUsage } from "../pipeline/settlement.ts";
import { tokenPathStorage } from "../pipeline/token-path-storage.ts";
import { readPipelineSettings } from "../settings.ts";

/** How long a generation can be resumed. */
const RETENTION_MS = 600_000;

/**
 * One pipeline's conductor: admits generations, stitches their routes, and is the only writer of their ids. It stores each
 * one's request and ids, so that its next life goes on where a lost one stopped; all else is built anew, and the parts
 * drop a lost conductor's sessions when the next one asks them to join.
 */
export class Conductor extends DurableObject<Env> {
  readonly #pipeline = new LazyPart<Pipeline>();
  readonly #storage = tokenPathStorage(this.ctx.storage, () => {
    const pipeline = this.#pipeline.part;
    return pipeline?.topology.strict === true && pipeline.ring.passages > 0;
  });
  readonly #records = new GenerationRecords(this.#storage);
  readonly #runs = new Map<string, GenerationRun>();
  readonly #pauses = new Pauses();
  #sweeping: Promise<void> | undefined;
  #restTimer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Admits a generation when there is room and its route is ready; what it took is settled when it ends. Safe to repeat
   * when no answer came: the generation begins again.
   */
  async generate(call: GenerateCall): Promise<GenerateAnswer> {
    const run = new GenerationRun(call, { afterToken: 0, knownIds: [], resumed: false });
    const answer = await this.#start(run);
    if (!answer.admitted) await this.#records.forget(call.id);
    return answer;
  }

  /**
   * Goes on with a generation for a reader that has its first `afterToken` tokens, from the token after them. `knownIds`
   * are these tokens' ids, where the reader kept them; what storage has lost of them is drawn again.
   */
  async resume(id: string, afterToken: number, knownIds: readonly number[] = []): Promise<GenerateAnswer> {
    const record = await this.#records.read(id);
    if (record === null) return refused("this pipeline has no such generation, or not any more");
    const known = knownIds.length >= afterToken ? knownIds : record.ids;
    const { pipelineHash } = await this.#ensureReady();
    if (record.pipelineHash !== pipelineHash) {
      if (known.length < afterToken) return refused("the generation was begun by another pipeline and cannot go on");
      // Ids that nobody has read yet would not follow from this pipeline's arithmetic.
      await this.#records.forget(id);
    }
    return await this.#start(
      new GenerationRun(record.call, { afterToken, knownIds: known.slice(0, afterToken), resumed: true }),
    );
  }

  /** Ends a generation that runs, waits, is paused or was lost; unknown ids are those that have ended. */
  async cancel(id: string): Promise<void> {
    const giveUp = this.#pauses.take(id);
    if (giveUp !== undefined) return giveUp();
    const record = this.#runs.has(id) ? null : await this.#records.read(id);
    // It may have been resumed meanwhile.
    const run = this.#runs.get(id);
    if (run !== undefined) return run.stop("cancelled");
    if (record === null) return;
    const { call, ids } = record;
    await this.#giveUp(call, { promptTokens: call.promptIds.length, completionTokens: ids.length });
  }

  /** Has every part ready and linked, so that a generation can begin at once. */
  async load(): Promise<LoadAnswer> {
    try {
      const pipeline = await this.#ensureReady();
      await pipeline.load();
      this.#restLater();
      return { loaded: true };
    } catch (error) {
      return { loaded: false, failure: toFailure(error) };
    }
  }

  /** How the pipeline and its parts are; wakes none of them. */
  async status(): Promise<ConductorStatus> {
    const pipeline = await this.#ensureReady();
    return { ...(await pipeline.status()), running: this.#runs.size, paused: this.#pauses.size };
  }

  /** Forgets what is too old to be resumed. */
  override async alarm(): Promise<void> {
    const left = await this.#records.sweep(Date.now() - RETENTION_MS, (id) => this.#runs.has(id));
    if (left) await this.ctx.storage.setAlarm(Date.now() + RETENTION_MS);
    else this.#sweeping = undefined;
  }

  #ensureReady(): Promise<Pipeline> {
    return this.#pipeline.ensureReady("", () => Pipeline.open(this.env, this.ctx.id.toString()));
  }

  async #start(run: GenerationRun): Promise<GenerateAnswer> {
    const { call, from, signal } = run;
    await this.#supersede(call.id);
    this.#begin(run);
    try {
      await this.#ensureSweeping();
      const pipeline = await this.#ensureReady();
      checkCall(call, pipeline.model);
      const rows = this.#records.begin(call, pipeline.pipelineHash, from.knownIds);
      const session = await RingSession.open(pipeline, sessionAsked(run), signal);
      this.ctx.waitUntil(this.#finish(run, pipeline, session, rows));
      await this.#records.durable();
      return { admitted: true, events: run.lines.readable };
    } catch (error) {
      // Its caller has left, and will not give the reservation back.
      if (run.stopped === "cancelled") await this.#giveUp(call, NOTHING_USED);
      this.#end(run);
      return { admitted: false, failure: toFailure(error) };
    }
  }

  async #finish(run: GenerationRun, pipeline: Pipeline, session: RingSession, rows: IdRows): Promise<void> {
    const { call, lines } = run;
    const { how, used, lastEvent } = await run.run(pipeline, session, rows);
    if (how === "left") this.#pauses.hold(call.id, () => this.ctx.waitUntil(this.#giveUp(call, used)));
    else if (how === "done") await settle(this.env.LEDGER, call, used);
    else if (how !== "superseded") await this.#giveUp(call, used);
    // Before the last line: a caller that reads it may come again at once, and finds its place free.
    this.#end(run);
    if (lastEvent !== null) await lines.write(lastEvent);
    lines.close();
  }

  /** Nobody will resume it. */
  async #giveUp(call: GenerateCall, used: TokenUsage): Promise<void> {
    await Promise.all([settle(this.env.LEDGER, call, used), this.#records.forget(call.id)]);
  }

  /** Ends what runs or waits under this id, for another reader. */
  async #supersede(id: string): Promise<void> {
    this.#pauses.take(id);
    for (let run = this.#runs.get(id); run !== undefined; run = this.#runs.get(id)) {
      run.stop("superseded");
      await run.over;
    }
  }

  /** An alarm is a confirmed write, which holds frames back: one is set before a life's first frame, and by the alarm. */
  async #ensureSweeping(): Promise<void> {
    this.#sweeping ??= this.#storage.getAlarm().then(async (atMs) => {
      if (atMs === null) await this.#storage.setAlarm(Date.now() + RETENTION_MS);
    });
    await this.#sweeping;
  }

  #begin(run: GenerationRun): void {
    clearTimeout(this.#restTimer);
    this.#runs.set(run.call.id, run);
  }

  #end(run: GenerationRun): void {
    this.#runs.delete(run.call.id);
    run.end();
    this.#restLater();
  }

  /** An open socket bills every object of the ring for as long as it is open. */
  #restLater(): void {
    clearTimeout(this.#restTimer);
    if (this.#runs.size > 0) return;
    const { keepWarmSeconds } = readPipelineSettings(this.env);
    this.#restTimer = setTimeout(() => this.#pipeline.part?.rest(), keepWarmSeconds * 1000);
  }
}

function sessionAsked({ call, from }: GenerationRun): SessionAsked {
  const { tenant, cacheKey, promptIds, maxTokens, promptLogprobs } = call;
  return {
    shareKey: JSON.stringify([tenant, cacheKey]),
    ids: [...promptIds, ...from.knownIds],
    tokens: promptIds.length + maxTokens,
    wantsAllRows: promptLogprobs !== undefined && from.afterToken === 0,
    resumed: from.resumed,
  };
}

const refused = (message: string): GenerateAnswer => ({
  admitted: false,
  failure: toFailure(new InferenceError("wrong_pipeline", message)),
});
