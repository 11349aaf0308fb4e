import { DurableObject } from "cloudflare:workers";
import type { Env } from "../env.ts";
import { toFailure } from "../pipeline/failure.ts";
import type { GenerateAnswer, GenerateCall, KeptRequest, LoadAnswer } from "../pipeline/generation-call.ts";
import { Generations } from "../pipeline/generations.ts";
import { LazyPart } from "../pipeline/lazy-part.ts";
import { Pipeline } from "../pipeline/pipeline.ts";
import type { ConductorStatus } from "../pipeline/pipeline-status.ts";
import { tokenPathStorage } from "../pipeline/token-path-storage.ts";
import { readPipelineSettings } from "../settings.ts";
import { KEPT_MS } from "../tenants/kept-generations.ts";

/** Where storage keeps the number of replicas an operator asked for. */
const REPLICAS = "replicas";

/**
 * One pipeline's conductor: its generations, and what they run on. It alone writes their ids and stores them; all else is
 * built anew in its next life, and the parts drop a lost conductor's sessions when the next one asks them to join.
 */
export class Conductor extends DurableObject<Env> {
  readonly #pipeline = new LazyPart<Pipeline>();
  readonly #storage = tokenPathStorage(this.ctx.storage, () => {
    const pipeline = this.#pipeline.part;
    return pipeline?.topology.strict === true && pipeline.ring.passages > 0;
  });
  readonly #generations = new Generations({
    storage: this.#storage,
    ledgers: this.env.LEDGER,
    ready: async () => {
      await this.#ensureSweeping();
      return await this.#ensureReady();
    },
    waitUntil: (work) => this.ctx.waitUntil(work),
    onBusy: () => clearTimeout(this.#restTimer),
    onIdle: () => this.#restLater(),
  });
  #sweeping: Promise<void> | undefined;
  #restTimer: ReturnType<typeof setTimeout> | undefined;

  /** As its namesake of Generations, like the five after it. */
  async generate(call: GenerateCall): Promise<GenerateAnswer> {
    return await this.#generations.generate(call);
  }

  async resume(id: string, tokens: number, knownIds: readonly number[] = []): Promise<GenerateAnswer> {
    return await this.#generations.resume(id, tokens, knownIds);
  }

  async recall(id: string, tenant: string): Promise<{ request: KeptRequest; maxTokens: number } | null> {
    return await this.#generations.recall(id, tenant);
  }

  async leave(call: Pick<GenerateCall, "id" | "tenant" | "reservationId">, reader?: string): Promise<void> {
    await this.#generations.leave(call, reader);
  }

  async cancel(id: string): Promise<void> {
    await this.#generations.cancel(id);
  }

  async cancelRequest(id: string, tenant: string): Promise<"cancelled" | "completed" | null> {
    return await this.#generations.cancelRequest(id, tenant);
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
    const { running, paused } = this.#generations;
    return { ...(await pipeline.status()), running, paused };
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
    if (await this.#generations.sweep()) await this.ctx.storage.setAlarm(Date.now() + KEPT_MS);
    else this.#sweeping = undefined;
  }

  #ensureReady(): Promise<Pipeline> {
    return this.#pipeline.ensureReady("", async () => {
      const replicas = await this.ctx.storage.get<number>(REPLICAS, { allowConcurrency: true });
      return await Pipeline.open(this.env, this.ctx.id.toString(), replicas);
    });
  }

  /** An alarm is a confirmed write, which holds frames back: one is set before a life's first frame, and by the alarm. */
  async #ensureSweeping(): Promise<void> {
    this.#sweeping ??= this.#storage.getAlarm().then(async (atMs) => {
      if (atMs === null) await this.#storage.setAlarm(Date.now() + KEPT_MS);
    });
    await this.#sweeping;
  }

  /** An open socket bills every object of the ring for as long as it is open. */
  #restLater(): void {
    clearTimeout(this.#restTimer);
    if (this.#generations.running > 0) return;
    const { keepWarmSeconds } = readPipelineSettings(this.env);
    this.#restTimer = setTimeout(() => this.#pipeline.part?.rest(), keepWarmSeconds * 1000);
  }
}
