import type { Env } from "../env.ts";
import { KEPT_MS } from "../tenants/kept-generations.ts";
import type { TokensUsed } from "../tenants/price.ts";
import { checkCall } from "./call-check.ts";
import { toFailure } from "./failure.ts";
import type {
  GenerateAnswer,
  GenerateCall,
  GenerationEvent,
  GenerationFailure,
  GenerationRefusal,
  KeptRequest,
} from "./generation-call.ts";
import { GONE, leaseOf } from "./generation-lease.ts";
import { GenerationRecords, knownTokens, type StoredCall, usageOf } from "./generation-records.ts";
import { GenerationRun, type RunningGeneration } from "./generation-run.ts";
import { KNOWN_SESSION } from "./known-session.ts";
import { Pauses } from "./pauses.ts";
import type { Pipeline } from "./pipeline.ts";
import { RingSession, type SessionAsked } from "./ring-session.ts";
import { cancelKept, holdLease, NOTHING_USED, settle } from "./settlement.ts";

/** What generations need of the object that conducts them. */
export interface Conducting {
  readonly storage: DurableObjectStorage;
  readonly ledgers: Env["LEDGER"];
  /** The pipeline, once nothing stands in the way of its first frame. */
  ready(): Promise<Pipeline>;
  waitUntil(work: Promise<void>): void;
  /** Something runs, or nothing any more. */
  onBusy(): void;
  onIdle(): void;
}

/** What a reader that lost its stream has read. */
interface LostReader {
  readonly tokens: number;
  /** The ids of these tokens, where it kept them. */
  readonly ids: readonly number[];
}

const NEW_READER: LostReader = { tokens: 0, ids: [] };
const OTHER_PIPELINE = {
  code: "wrong_pipeline",
  message: "the generation was begun by another pipeline and cannot go on",
} as const;

/**
 * A conductor's generations: those that run, each for any number of readers; those whose reader vanished; and what storage
 * has of these and of the ended ones, so that its next life goes on where a lost one stopped.
 */
export class Generations {
  readonly #conductor: Conducting;
  readonly #ledgers: Env["LEDGER"];
  readonly #records: GenerationRecords;
  readonly #runs = new Map<string, GenerationRun>();
  readonly #pauses = new Pauses();

  constructor(conductor: Conducting) {
    this.#conductor = conductor;
    this.#ledgers = conductor.ledgers;
    this.#records = new GenerationRecords(conductor.storage);
  }

  get running(): number {
    return this.#runs.size;
  }

  get paused(): number {
    return this.#pauses.size;
  }

  /**
   * Admits a generation when there is room and its route is ready; what it took is settled when it ends. One that is there
   * already is joined, or goes on from what is known of it; the reader is told all of it. Safe to repeat.
   */
  async generate(call: GenerateCall): Promise<GenerateAnswer> {
    return await this.#join(call.id, call, NEW_READER);
  }

  /** The same for a reader that lost its stream after `tokens` tokens; ids that storage has lost are drawn again. */
  async resume(id: string, tokens: number, knownIds: readonly number[]): Promise<GenerateAnswer> {
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
    if (record === null) await settle(this.#ledgers, call.tenant, call.reservationId, NOTHING_USED, false);
    else await settle(this.#ledgers, call.tenant, record.leaseId, usageOf(record), record.done);
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
    if (first.call.kept) await cancelKept(this.#ledgers, first.call);
    return "cancelled";
  }

  /** Forgets what is too old to be resumed; whether anything is left. */
  async sweep(): Promise<boolean> {
    return await this.#records.sweep(Date.now() - KEPT_MS, (id) => this.#runs.has(id));
  }

  /** The sequences of a tenant's request that began and are kept still, the first of them first. */
  async #sequencesOf(id: string, tenant: string): Promise<StoredCall[]> {
    const sequences = await this.#records.calls(id);
    const keptFromMs = Date.now() - KEPT_MS;
    return sequences.filter(
      ({ call, touchedMs }) => call.tenant === tenant && (touchedMs >= keptFromMs || this.#runs.has(call.id)),
    );
  }

  /** Reads the run of this id, or begins one; a run that is being paused has to be over first. */
  async #join(id: string, wanted: GenerateCall | null, reader: LostReader): Promise<GenerateAnswer> {
    for (;;) {
      this.#pauses.take(id);
      let run = this.#runs.get(id);
      if (run === undefined) {
        run = new GenerationRun(id);
        this.#begin(run);
        this.#conductor.waitUntil(this.#start(run, wanted, reader));
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
      const [pipeline, record] = await Promise.all([this.#conductor.ready(), this.#records.read(run.id)]);
      const call = record?.call ?? wanted;
      if (call === null) return await refuse(GONE);
      const known = record ? knownTokens(record, pipeline.pipelineHash, reader) : { ids: [] };
      if (known === null) return await refuse(OTHER_PIPELINE);
      const leaseId = await leaseOf(this.#ledgers, call, record);
      if (typeof leaseId !== "string") return await refuse(leaseId);
      void holdLease(this.#ledgers, call.tenant, leaseId, run.over);
      giveBack = async () => {
        if (record === null) await this.#records.forget(call.id);
        // Others have a gateway that gives their reservation back, unless it has left.
        if (call.kept || run.stopped === "cancelled")
          await settle(this.#ledgers, call.tenant, leaseId, NOTHING_USED, false);
      };
      checkCall(call, pipeline.model);
      const { model, pipelineHash, ring } = pipeline;
      const generation = { call, model, known, hops: ring };
      if (record?.done && call.promptLogprobs === undefined) {
        const { cachedTokens } = record;
        this.#conductor.waitUntil(
          this.#finish(run, leaseId, { ...generation, session: KNOWN_SESSION, cachedTokens, rows: null }),
        );
      } else {
        const session = await RingSession.open(pipeline, sessionAsked(call, known.ids, record !== null), run.signal);
        const cachedTokens = record?.cachedTokens ?? Math.min(session.cachedTokens, call.promptIds.length);
        const rows = this.#records.begin(call, { leaseId, pipelineHash, cachedTokens }, record?.tokens.ids.length);
        this.#conductor.waitUntil(this.#finish(run, leaseId, { ...generation, session, cachedTokens, rows }));
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
    const settleAt = (done: boolean) => settle(this.#ledgers, call.tenant, leaseId, used, done);
    const giveUp = () => (call.kept && how !== "cancelled" ? settleAt(false) : this.#close(call, leaseId, used));
    if (how === "done") await settleAt(true);
    else if (how === "left") this.#pauses.hold(call.id, giveUp);
    else await giveUp();
    // Before the last line: a caller that reads it may come again at once, and finds its place free.
    this.#end(run, lastEvent);
  }

  /** Nobody goes on with it. */
  async #close(call: GenerateCall, leaseId: string, used: TokensUsed): Promise<void> {
    await Promise.all([settle(this.#ledgers, call.tenant, leaseId, used), this.#records.forget(call.id)]);
  }

  #begin(run: GenerationRun): void {
    this.#runs.set(run.id, run);
    this.#conductor.onBusy();
  }

  #end(run: GenerationRun, lastEvent: GenerationEvent | null): void {
    this.#runs.delete(run.id);
    run.end(lastEvent);
    if (this.#runs.size === 0) this.#conductor.onIdle();
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
