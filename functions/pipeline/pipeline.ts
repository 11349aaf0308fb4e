import { createEngine } from "../engine-registry.ts";
import type { Env } from "../env.ts";
import { deployedModel, type Model } from "../model.ts";
import { readPipelineSettings } from "../settings.ts";
import { Admission } from "./admission.ts";
import { Embeddings } from "./embeddings.ts";
import { bytesToHex } from "./hex.ts";
import type { PipelineStatus } from "./pipeline-status.ts";
import { Replicas } from "./replicas.ts";
import { Ring } from "./ring.ts";
import type { RingParts } from "./ring-session.ts";
import { hashPipeline, planTopology, type Topology } from "./topology.ts";

const INCARNATION_BYTES = 16;

/** A model, how it is cut, and what its sessions run on. */
export class Pipeline implements RingParts {
  readonly model: Model;
  readonly topology: Topology;
  readonly pipelineHash: string;
  readonly ring: Ring;
  readonly admission: Admission;
  readonly embeddings: Embeddings;
  readonly #replicas: Replicas;

  private constructor(env: Env, model: Model, topology: Topology, pipelineHash: string, conductor: string) {
    const incarnation = bytesToHex(crypto.getRandomValues(new Uint8Array(INCARNATION_BYTES)));
    this.model = model;
    this.topology = topology;
    this.pipelineHash = pipelineHash;
    this.#replicas = new Replicas(topology.stages.length, topology.replicas, topology.kvTokens);
    this.ring = new Ring(env, topology, { pipelineHash, incarnation, conductor }, this.#replicas);
    this.admission = new Admission(this.#replicas, topology.maxSessions);
    this.embeddings = new Embeddings(topology, (shard, ids) => this.ring.embed(shard, ids));
  }

  /** Reads the model and the settings; `conductor` is the object id that owns the parts. */
  static async open(env: Env, conductor: string): Promise<Pipeline> {
    const settings = readPipelineSettings(env);
    const model = await deployedModel(env);
    const engine = createEngine(settings.engine, settings.activations, settings.kvBits);
    const topology = planTopology(model.manifest, model.manifestHash, engine, settings);
    return new Pipeline(env, model, topology, await hashPipeline(topology), conductor);
  }

  /** Asks every part that was taken into the ring how it is. */
  async status(): Promise<PipelineStatus> {
    const { engine, stages, shards } = this.topology;
    const stageStatus = await Promise.all(
      stages.map(async (range, group) => {
        const replicas = Array.from({ length: this.topology.replicas }, async (_, replica) => {
          const { reservedTokens, suspect } = this.#replicas.at(group, replica);
          return { ...(await this.ring.report({ group, replica })), reservedTokens, suspect };
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
    const parts = [...stageStatus.flatMap(({ replicas }) => replicas), ...shardStatus];
    return {
      pipelineHash: this.pipelineHash,
      engine,
      sessions: this.admission.sessions,
      waiting: this.admission.waiting,
      passages: this.ring.passages,
      unanswered: this.ring.unanswered,
      memoryBytes: parts.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
      embeddingCacheBytes: this.embeddings.cachedBytes,
      stages: stageStatus,
      shards: shardStatus,
    };
  }
}
