import type { Env } from "../env.ts";
import type { JoinAnswer, PartReport, ShardAssignment, StageAssignment, Successor } from "./assignment.ts";
import { asLost, toInferenceError } from "./failure.ts";
import { type FaultPlace, placeName } from "./frame.ts";
import type { Route } from "./replicas.ts";
import { LOAD_LIMIT_MS, REPORT_LIMIT_MS, withTimeLimit } from "./time-limit.ts";
import type { Topology } from "./topology.ts";

type Bindings = Pick<Env, "STAGE" | "VOCABULARY">;

/** Whose pipeline it is. */
export interface Ownership {
  readonly pipelineHash: string;
  /** The conductor's life, 16 random bytes in hex. */
  readonly incarnation: string;
  /** The conductor's object id: objects of two conductors must never be the same. */
  readonly conductor: string;
}

const shardPlace = (index: number): FaultPlace => ({ group: "vocabulary", replica: index });
const concerns = (places: readonly FaultPlace[], { group, replica }: FaultPlace) =>
  places.some((place) => place.group === group && place.replica === replica);

/** Names a pipeline's objects, asks them to join the ring, and knows which have. */
export class Joins {
  readonly #bindings: Bindings;
  readonly #topology: Topology;
  readonly #owner: Ownership;
  /** What has joined: a part alone, or a stage together with the replica it feeds. */
  readonly #joined = new Map<string, readonly FaultPlace[]>();

  constructor(bindings: Bindings, topology: Topology, owner: Ownership) {
    this.#bindings = bindings;
    this.#topology = topology;
    this.#owner = owner;
  }

  /**
   * Has every part of `route` loaded, and linked to the next. `fault` hears of each part that fails; rejects with an
   * InferenceError of the first that did.
   */
  async join(route: Route, fault: (place: FaultPlace) => void): Promise<void> {
    const stages = route.map((replica, group) => {
      const places = [
        { group, replica },
        ...(group + 1 < route.length ? [{ group: group + 1, replica: route[group + 1]! }] : []),
      ];
      return this.#once(places, fault, () =>
        this.#bindings.STAGE.getByName(this.nameOf(places[0]!)).join(this.#stage(route, group)),
      );
    });
    const shards = this.#topology.shards.map((_, index) =>
      this.#once([shardPlace(index)], fault, () =>
        this.#bindings.VOCABULARY.getByName(this.nameOf(shardPlace(index))).join(this.#shard(index)),
      ),
    );
    await Promise.all([...stages, ...shards]);
  }

  /** `place` must join again before it is used. */
  forget(place: FaultPlace): void {
    for (const [key, places] of this.#joined) if (concerns(places, place)) this.#joined.delete(key);
  }

  forgetAll(): void {
    this.#joined.clear();
  }

  /** How `place` is; one that has not joined is not woken for it. */
  async report(place: FaultPlace): Promise<PartReport> {
    const joined = [...this.#joined.values()].some(([first]) => concerns([first!], place));
    if (!joined) return { state: "empty", memoryBytes: 0, sessions: 0 };
    const namespace = place.group === "vocabulary" ? this.#bindings.VOCABULARY : this.#bindings.STAGE;
    try {
      const report: Promise<PartReport> = namespace.getByName(this.nameOf(place)).report();
      return await withTimeLimit(report, REPORT_LIMIT_MS, placeName(place));
    } catch (error) {
      return { state: "failed", memoryBytes: 0, sessions: 0, failure: asLost(error, placeName(place)).message };
    }
  }

  nameOf({ group, replica }: FaultPlace): string {
    const part = group === "vocabulary" ? `vocabulary-${replica}` : `stage-${group}-${replica}`;
    return `${this.#owner.conductor}/${this.#owner.pipelineHash.slice(0, 16)}/${part}`;
  }

  async #once(
    places: readonly FaultPlace[],
    fault: (place: FaultPlace) => void,
    join: () => Promise<JoinAnswer>,
  ): Promise<void> {
    const place = places[0]!;
    const key = places.map(placeName).join(" → ");
    if (this.#joined.has(key)) return;
    try {
      const answer = await withTimeLimit(join(), LOAD_LIMIT_MS, placeName(place));
      if (!answer.joined) throw toInferenceError(answer.failure);
      this.#joined.set(key, places);
    } catch (error) {
      fault(place);
      throw asLost(error, placeName(place));
    }
  }

  #stage(route: Route, group: number): StageAssignment {
    const { manifestHash, engine, chunkRows, kvTokens, stages } = this.#topology;
    const finalNorm = group === stages.length - 1;
    const successors = finalNorm
      ? this.#topology.shards.map((_, index) => shardPlace(index))
      : [{ group: group + 1, replica: route[group + 1]! }];
    return {
      ...this.#pinned(),
      manifestHash,
      engine,
      maxRows: chunkRows,
      kvTokens,
      ...stages[group]!,
      group,
      replica: route[group]!,
      finalNorm,
      successors: successors.map((place): Successor => ({ place, name: this.nameOf(place) })),
    };
  }

  #shard(index: number): ShardAssignment {
    const { manifestHash, engine, chunkRows, shards } = this.#topology;
    const { firstShard, shardCount } = shards[index]!;
    return { ...this.#pinned(), manifestHash, engine, maxRows: chunkRows, index, firstShard, shardCount };
  }

  #pinned() {
    return { pipelineHash: this.#owner.pipelineHash, incarnation: this.#owner.incarnation };
  }
}
