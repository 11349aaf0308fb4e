import { DurableObject } from "cloudflare:workers";
import type { Env } from "../env.ts";
import { checkCall } from "../pipeline/call-check.ts";
import { toFailure } from "../pipeline/failure.ts";
import type {
  GenerateAnswer,
  GenerateCall,
  GenerationEvent,
  GenerationFailure,
  GenerationRefusal,
  KeptRequest,
  LoadAnswer,
} from "../pipeline/generation-call.ts";
import {
  type GenerationRecord,
  GenerationRecords,
  knownTokens,
  type StoredCall,
} from "../pipeline/generation-records.ts";
import { GenerationRun, type RunningGeneration } from "../pipeline/generation-run.ts";
import { KNOWN_SESSION } from "../pipeline/known-session.ts";
import { LazyPart } from "../pipeline/lazy-part.ts";
import { Pauses } from "../pipeline/pauses.ts";
import { Pipeline } from "../pipeline/pipeline.ts";
import type { ConductorStatus } from "../pipeline/pipeline-status.ts";
import { RingSession, type SessionAsked } from "../pipeline/ring-session.ts";
import { cancelKept, NOTHING_USED, renewLease, settle } from "../pipeline/settlement.ts";
import { tokenPathStorage } from "../pipeline/token-path-storage.ts";
import { readPipelineSettings } from "../settings.ts";
import { KEPT_MS } from "../tenants/kept-generations.ts";
import type { TokensUsed } from "../tenants/price.ts";
import { limitMessage } from "../tenants/rate-headers.ts";

/** Where storage keeps the number of replicas an operator asked for. */
const REPLICAS = "replicas";

/** What a reader that lost its stream has read. */
interface LostReader {
  readonly tokens: number;
  /** The ids of these tokens, where it kept them. */
  readonly ids: readonly number[];
}

const NEW_READER: LostReader = { tokens: 0, ids: [] };
const GONE = { code: "gone", message: "This generation is not there, or is not kept any more." } as const;
const OTHER_PIPELINE = {
  code: "wrong_pipeline",
  message: "the generation was begun by another pipeline and cannot go on",
} as const;

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
   * Admits a generation when there is room and its route is ready; what it took is settled when it ends. One that is there
   * already is joined, or goes on from what is known of it; the reader is told all of it. Safe to repeat.
   */
  async generate(call: GenerateCall): Promise<GenerateAnswer> {
    return await this.#join(call.id, call, NEW_READER);
  }

  /** The same for a reader that lost its stream after `tokens` tokens; ids that storage has lost are drawn again. */
  async resume(id: string, tokens: number, knownIds: readonly number[] = []): Promise<GenerateAnswer> {
    return await this.#join(id, null, { tokens, ids: knownIds });
  }

  /** What asked for a tenant's kept generation, and how many tokens it may draw; null when the tenant has none of this id. */
  async recall(id: string, tenant: string): Promise<{ request: KeptRequest; maxTokens: number } | null> {
    const [first] = await this.#sequencesOf(id, tenant);
    if (first?.call.request === undefined) return null;
    return { request: first.call.request, maxTokens: first.call.maxTokens };
  }

  /**
   * A reader does not want a kept generation now; `reader` is undefined for one that never had its stream. When no other
   * reads it, it stops, is settled at what it took, and can be gone on with.
   */
  async leave(call: Pick<GenerateCall, "id" | "tenant" | "reservationId">, reader?: string): Promise<void> {
    // The end of its stream may have come before its word.
    const leaving = this.#runs.get(call.id);
    if (leaving?.stopped === "left") await leaving.over;
    const giveUp = this.#pauses.take(call.id);
    if (giveUp !== undefined) return await giveUp();
    const record = await this.#records.read(call.id);
    const run = this.#runs.get(call.id);
    if (run !== undefined) return reader === undefined ? undefined : run.leave(reader);
    const leaseId = record?.leaseId ?? call.reservationId;
    await settle(this.env.LEDGER, call.tenant, leaseId, record ? usageOf(record) : NOTHING_USED, record?.done ?? false);
  }

  /** Ends a generation that runs, waits, is paused or was lost; unknown ids are those that have ended. */
  async cancel(id: string): Promise<void> {
    await this.#pauses.take(id)?.();
    const record = this.#runs.has(id) ? null : await this.#records.read(id);
    // It may have been resumed meanwhile.
    const run = this.#runs.get(id);
    if (run !== undefined) return run.stop("cancelled");
    if (record !== null) await this.#close(record.call, record.leaseId, usageOf(record));
  }

  /** Ends all sequences of a tenant's request; says what became of it, null when the tenant has none of this id. */
  async cancelRequest(id: string, tenant: string): Promise<"cancelled" | "completed" | null> {
    const sequences = await this.#sequencesOf(id, tenant);
    const [first] = sequences;
    if (first === undefined) return null;
    if (sequences.every(({ done }) => done)) return "completed";
    for (const { call } of sequences) {
      const run = this.#runs.get(call.id);
      await this.cancel(call.id);
      await run?.over;
    }
    if (first.call.kept) await cancelKept(this.env.LEDGER, first.call);
    return "cancelled";
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

  /** Has `count` replicas of each stage serve from now on, in this life and later ones. */
  async resize(count: number | "configured"): Promise<ConductorStatus> {
    const pipeline = await this.#ensureReady();
    const configured = count === "configured";
    if (configured) await this.ctx.storage.delete(REPLICAS);
    else await this.ctx.storage.put(REPLICAS, count);
    pipeline.resize(configured ? readPipelineSettings(this.env).replicas : count);
    this.#restLater();
    return await this.status();
  }

  /** Forgets what is too old to be resumed. */
  override async alarm(): Promise<void> {
    const left = await this.#records.sweep(Date.now() - KEPT_MS, (id) => this.#runs.has(id));
    if (left) await this.ctx.storage.setAlarm(Date.now() + KEPT_MS);
    else this.#sweeping = undefined;
  }

  /** The sequences of a tenant's request that began and are kept still, the first of them first. */
  async #sequencesOf(id: string, tenant: string): Promise<StoredCall[]> {
    const sequences = await this.#records.calls(id);
    const keptFromMs = Date.now() - KEPT_MS;
    return sequences.filter(
      ({ call, touchedMs }) => call.tenant === tenant && (touchedMs >= keptFromMs || this.#runs.has(call.id)),
    );
  }

  #ensureReady(): Promise<Pipeline> {
    return this.#pipeline.ensureReady("", async () => {
      const replicas = await this.ctx.storage.get<number>(REPLICAS, { allowConcurrency: true });
      return await Pipeline.open(this.env, this.ctx.id.toString(), replicas);
    });
  }

  /** Reads the run of this id, or begins one; a run that is being paused has to be over first. */
  async #join(id: string, wanted: GenerateCall | null, reader: LostReader): Promise<GenerateAnswer> {
    for (;;) {
      this.#pauses.take(id);
      let run = this.#runs.get(id);
      if (run === undefined) {
        run = new GenerationRun(id);
        this.#begin(run);
        this.ctx.waitUntil(this.#start(run, wanted, reader));
      }
      const answer = await run.join();
      if (answer !== null) return answer;
      await run.over;
    }
  }

  async #start(run: GenerationRun, wanted: GenerateCall | null, reader: LostReader): Promise<void> {
    let giveBack = async () => {};
    const refuse = async (failure: GenerationFailure | GenerationRefusal) => {
      await giveBack();
      run.begin(failure);
      this.#end(run, null);
    };
    try {
      await this.#ensureSweeping();
      const [pipeline, record] = await Promise.all([this.#ensureReady(), this.#records.read(run.id)]);
      const call = record?.call ?? wanted;
      if (call === null) return await refuse(GONE);
      const known = record ? knownTokens(record, pipeline.pipelineHash, reader) : { ids: [] };
      if (known === null) return await refuse(OTHER_PIPELINE);
      const leaseId = await this.#lease(call, record);
      if (typeof leaseId !== "string") return await refuse(leaseId);
      giveBack = async () => {
        if (record === null) await this.#records.forget(call.id);
        // Others have a gateway that gives their reservation back, unless it has left.
        if (call.kept || run.stopped === "cancelled")
          await settle(this.env.LEDGER, call.tenant, leaseId, NOTHING_USED, false);
      };
      checkCall(call, pipeline.model);
      const { model, pipelineHash, ring } = pipeline;
      const generation = { call, model, known, hops: ring };
      if (record?.done && call.promptLogprobs === undefined) {
        const { cachedTokens } = record;
        this.ctx.waitUntil(
          this.#finish(run, leaseId, { ...generation, session: KNOWN_SESSION, cachedTokens, rows: null }),
        );
      } else {
        const session = await RingSession.open(pipeline, sessionAsked(call, known.ids, record !== null), run.signal);
        const cachedTokens = record?.cachedTokens ?? Math.min(session.cachedTokens, call.promptIds.length);
        const rows = this.#records.begin(call, { leaseId, pipelineHash, cachedTokens }, record?.tokens.ids.length);
        this.ctx.waitUntil(this.#finish(run, leaseId, { ...generation, session, cachedTokens, rows }));
        await this.#records.durable();
      }
      run.begin(null);
    } catch (error) {
      await refuse(toFailure(error));
    }
  }

  async #finish(run: GenerationRun, leaseId: string, generation: RunningGeneration): Promise<void> {
    const { call } = generation;
    const { how, used, lastEvent } = await run.run(generation);
    const settleAt = (done: boolean) => settle(this.env.LEDGER, call.tenant, leaseId, used, done);
    const giveUp = () => (call.kept && how !== "cancelled" ? settleAt(false) : this.#close(call, leaseId, used));
    if (how === "done") await settleAt(true);
    else if (how === "left") this.#pauses.hold(call.id, giveUp);
    else await giveUp();
    // Before the last line: a caller that reads it may come again at once, and finds its place free.
    this.#end(run, lastEvent);
  }

  /** Nobody goes on with it. */
  async #close(call: GenerateCall, leaseId: string, used: TokensUsed): Promise<void> {
    await Promise.all([settle(this.env.LEDGER, call.tenant, leaseId, used), this.#records.forget(call.id)]);
  }

  /** The lease that this run settles, or why there is none. A kept generation's may have ended with an earlier run. */
  async #lease(call: GenerateCall, record: GenerationRecord | null): Promise<string | GenerationRefusal> {
    if (!call.kept || record?.done) return record?.leaseId ?? call.reservationId;
    const answer = await renewLease(this.env.LEDGER, call);
    if (answer.outcome === "leased") return answer.leaseId;
    // What was settled whole and is not stored any more must not begin again.
    if (answer.outcome === "done" && record !== null) return answer.leaseId;
    if (answer.outcome !== "limited") return GONE;
    const { outcome: _, ...refusal } = answer;
    return { code: "limited", message: limitMessage(refusal), retryAfterMs: refusal.retryAfterMs, refusal };
  }

  /** An alarm is a confirmed write, which holds frames back: one is set before a life's first frame, and by the alarm. */
  async #ensureSweeping(): Promise<void> {
    this.#sweeping ??= this.#storage.getAlarm().then(async (atMs) => {
      if (atMs === null) await this.#storage.setAlarm(Date.now() + KEPT_MS);
    });
    await this.#sweeping;
  }

  #begin(run: GenerationRun): void {
    clearTimeout(this.#restTimer);
    this.#runs.set(run.id, run);
  }

  #end(run: GenerationRun, lastEvent: GenerationEvent | null): void {
    this.#runs.delete(run.id);
    run.end(lastEvent);
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

function sessionAsked(call: GenerateCall, knownIds: readonly number[], resumed: boolean): SessionAsked {
  const { tenant, weight = 1, cacheKey, promptIds, maxTokens, promptLogprobs } = call;
  return {
    share: { tenant, weight },
    shareKey: JSON.stringify([tenant, cacheKey]),
    ids: [...promptIds, ...knownIds],
    tokens: promptIds.length + maxTokens,
    wantsAllRows: promptLogprobs !== undefined,
    resumed,
  };
}

/** All that an interrupted generation took, as far as storage knows. */
const usageOf = ({ call, tokens }: GenerationRecord): TokensUsed => ({
  promptTokens: call.promptIds.length,
  completionTokens: tokens.ids.length,
});
