import { createEngine } from "../engine-registry.ts";
import type { Env } from "../env.ts";
import { logLine } from "../log-line.ts";
import { deployedModel, type Model } from "../model.ts";
import { readPipelineSettings } from "../settings.ts";
import { Admission } from "./admission.ts";
import type { PartReport, PartState } from "./assignment.ts";
import { Embeddings } from "./embeddings.ts";
import type { FaultPlace } from "./frame.ts";
import { bytesToHex } from "./hex.ts";
import { KvRoom } from "./kv-room.ts";
import type { PipelineStatus } from "./pipeline-status.ts";
import { PrefixCache } from "./prefix-cache.ts";
import { Replicas, type Route } from "./replicas.ts";
import { type Health, Ring } from "./ring.ts";
import type { RingParts } from "./ring-session.ts";
import { attentionTokens } from "./row-work.ts";
import { hashPipeline, helperPlaces, planTopology, type Topology } from "./topology.ts";

const INCARNATION_BYTES = 16;

/** A model, how it is cut, and what its sessions run on. */
export class Pipeline implements RingParts, Health {
  readonly model: Model;
  readonly topology: Topology;
  readonly pipelineHash: string;
  readonly ring: Ring;
  readonly admission: Admission;
  readonly embeddings: Embeddings;
  readonly prefixes: PrefixCache;
  readonly #replicas: Replicas;

  private constructor(env: Env, model: Model, topology: Topology, pipelineHash: string, conductor: string) {
    const incarnation = bytesToHex(crypto.getRandomValues(new Uint8Array(INCARNATION_BYTES)));
    this.model = model;
    this.topology = topology;
    this.pipelineHash = pipelineHash;
    this.#replicas = new Replicas(topology.stages.length, topology.replicas, new KvRoom(topology), (place) => {
      this.prefixes.lose(place);
      this.ring.dismiss(place);
    });
    const owner = { pipelineHash, incarnation, conductor };
    this.ring = new Ring(env, topology, owner, this, attentionTokens(model.manifest.architecture));
    this.prefixes = new PrefixCache(this.ring, this.#replicas, topology.prefixTokens);
    this.admission = new Admission(this.#replicas, this.prefixes, topology.maxSessions);
    this.embeddings = new Embeddings(topology, (shard, ids) => this.ring.embed(shard, ids));
  }

  /**
   * Reads the model and the settings, of which `replicas` may be another number by now; `conductor` is the object id that
   * owns the parts.
   */
  static async open(env: Env, conductor: string, replicas?: number): Promise<Pipeline> {
    const deployed = readPipelineSettings(env);
    const settings = { ...deployed, replicas: replicas ?? deployed.replicas };
    const model = await deployedModel(env);
    const engine = createEngine(settings.engine, settings.activations, settings.kvBits);
    const topology = planTopology(model.manifest, model.manifestHash, engine, settings);
    return new Pipeline(env, model, topology, await hashPipeline(topology), conductor);
  }

  /** Hears from the ring that a part failed (`suspect`), or answers again. */
  mark(place: FaultPlace, suspect: boolean): void {
    this.#replicas.mark(place, suspect);
    if (suspect) this.prefixes.lose(place);
  }

  timed(route: Route, stepMs: number): void {
    this.#replicas.timed(route, stepMs);
  }

  /**
   * Has `count` replicas of each stage serve: more are loaded at once and preferred when they are ready, those beyond take
   * no new sessions and end with their last one.
   */
  resize(count: number): void {
    const before = this.#replicas.count;
    this.#replicas.resize(count);
    const stages = [...this.topology.stages.keys()];
    for (let replica = count; replica < before; replica++)
      for (const group of stages) this.prefixes.lose({ group, replica });
    for (let replica = before; replica < count; replica++) {
      for (const group of stages) this.#replicas.mark({ group, replica }, true);
      const route = stages.map(() => replica);
      this.ring.prepare(route).catch((error: unknown) => logLine("error", "replica_not_ready", { replica }, error));
    }
    this.admission.admitWaiting();
  }

  /** Closes every link, with which the stages free what they hold; the next session opens them again. */
  rest(): void {
    this.prefixes.clear();
    this.ring.rest();
  }

  /** Has every replica of every stage and every vocabulary shard loaded and linked; an InferenceError of the first that fails. */
  async load(): Promise<void> {
    for (let replica = 0; replica < this.#replicas.count; replica++)
      await this.ring.prepare(this.topology.stages.map(() => replica));
  }

  /** Asks every part that was taken into the ring how it is. */
  async status(): Promise<PipelineStatus> {
    const { engine, stages, shards } = this.topology;
    const stageStatus = await Promise.all(
      stages.map(async (range, group) => {
        const replicas = this.#replicas.of(group).map(async (replica) => {
          // Before waiting for an answer: a draining replica may be gone by then.
          const { reserved, cached, sessions: seats, suspect, draining } = this.#replicas.at({ group, replica });
          const prefixes = this.prefixes.at({ group, replica });
          const report = await this.ring.report({ group, replica });
          const places = helperPlaces(this.topology, { group, replica });
          const helpers = await Promise.all(places.map((place) => this.ring.report(place)));
          return {
            ...report,
            state: worstState([report, ...helpers]),
            helpers,
            replica,
            seats,
            reservedTokens: reserved.all,
            cachedTokens: cached.all,
            reservedWindowTokens: reserved.window,
            cachedWindowTokens: cached.window,
            prefixes,
            suspect,
            draining,
          };
        });
        return { ...range, replicas: await Promise.all(replicas) };
      }),
    );
    const shardStatus = await Promise.all(
      shards.map(async (range, replica) => ({
        ...range,
        ...(await this.ring.report({ group: "vocabulary", replica })),
      })),
    );
    const stageParts = stageStatus.flatMap(({ replicas }) =>
      replicas.flatMap((replica) => [replica, ...replica.helpers]),
    );
    const parts = [...stageParts, ...shardStatus];
    return {
      pipelineHash: this.pipelineHash,
      engine,
      replicas: this.#replicas.count,
      kvTokens: this.#replicas.kvTokens,
      kvWindowTokens: this.topology.window === null ? 0 : this.topology.kvWindowTokens,
      sessions: this.admission.sessions,
      waiting: this.admission.waiting,
      passages: this.ring.passages,
      unanswered: this.ring.unanswered,
      memoryBytes: parts.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
      embeddingCacheBytes: this.embeddings.cachedBytes,
      hopMs: this.ring.hopMs,
      prefixCache: this.prefixes.counts,
      stages: stageStatus,
      shards: shardStatus,
    };
  }
}

/** "ready" when all are, otherwise how the first that is not is. */
const worstState = (reports: readonly PartReport[]): PartState =>
  reports.find(({ state }) => state !== "ready")?.state ?? "ready";
