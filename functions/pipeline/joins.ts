import { InferenceError } from "../../runtime/errors.ts";
import type {
  HelperAssignment,
  JoinAnswer,
  PartReport,
  PartStatus,
  ShardAssignment,
  StageAssignment,
  Successor,
} from "./assignment.ts";
import { JOIN_DEPTH } from "./calls.ts";
import { asLost, toInferenceError } from "./failure.ts";
import { type FaultPlace, placeName } from "./frame.ts";
import { isolateName } from "./isolate-name.ts";
import { type PartBindings, partStub, stageNamespace, vocabularyNamespace } from "./part-stub.ts";
import type { Route, StagePlace } from "./replicas.ts";
import { JOIN_LIMIT_MS, REPORT_LIMIT_MS, withTimeLimit } from "./time-limit.ts";
import { helperPlaces, type Topology } from "./topology.ts";

/** Whose pipeline it is. */
export interface Ownership {
  readonly pipelineHash: string;
  /** The conductor's life, 16 random bytes in hex. */
  readonly incarnation: string;
  /** The conductor's object id: objects of two conductors must never be the same. */
  readonly conductor: string;
}

export const shardPlace = (index: number): FaultPlace => ({ group: "vocabulary", replica: index });

/** Names a pipeline's objects, asks them to join the ring, and knows which have. */
export class Joins {
  readonly #bindings: PartBindings;
  readonly #topology: Topology;
  readonly #owner: Ownership;
  /** Routes whose parts are ready and linked, as far as is known. */
  readonly #routes = new Set<string>();
  /** Names of the parts that have joined since the ring last rested. */
  readonly #members = new Set<string>();
  /** Names of the parts that were lost and have not joined since, and how often each came back. */
  readonly #lost = new Set<string>();
  readonly #restarts = new Map<string, number>();
  /** In which isolate each part was when it last joined. */
  readonly #isolates = new Map<string, string>();

  constructor(bindings: PartBindings, topology: Topology, owner: Ownership) {
    this.#bindings = bindings;
    this.#topology = topology;
    this.#owner = owner;
  }

  /**
   * Has every part of `route` loaded, and linked to the next. `fault` hears of each part that fails; rejects with an
   * InferenceError of the first that did.
   */
  async join(route: Route, fault: (place: FaultPlace) => void): Promise<void> {
    const key = route.join("/");
    if (this.#routes.has(key)) return;
    const stages = route.flatMap((replica, group) => {
      const stub = (name: string, part = 0) => stageNamespace(this.#bindings, group, part).getByName(name);
      return [
        this.#ask({ group, replica }, fault, (name) => stub(name).join(this.#stage(route, group))),
        ...helperPlaces(this.#topology, { group, replica }).map((place) =>
          this.#ask(place, fault, (name) => stub(name, place.part).help(this.#helper(group, place.part))),
        ),
      ];
    });
    const shards = this.#topology.shards.map((_, index) =>
      this.#ask(shardPlace(index), fault, (name) =>
        vocabularyNamespace(this.#bindings, index).getByName(name).join(this.#shard(index)),
      ),
    );
    await Promise.all([...stages, ...shards]);
    this.#routes.add(key);
  }

  /**
   * Every part must be asked again before it is used: a stage that loses the links it is fed by gives up those it feeds,
   * and so on to the end of the ring. Asking one that is still ready costs a short call.
   */
  forget(): void {
    this.#routes.clear();
  }

  /** A part is lost, as far as is known. */
  lose(place: FaultPlace): void {
    this.#lost.add(this.nameOf(place));
    this.forget();
  }

  /** The ring rests; its parts may go to sleep. */
  rest(): void {
    this.forget();
    this.#members.clear();
  }

  /** Ends the objects of a stage's replica, as far as they are in the ring. */
  dismiss(stage: StagePlace): void {
    const places: readonly FaultPlace[] = [...helperPlaces(this.#topology, stage), stage];
    for (const place of places) {
      const name = this.nameOf(place);
      if (!this.#members.delete(name)) continue;
      // It cannot answer: the call breaks off when the object ends.
      const ended = stageNamespace(this.#bindings, stage.group, place.part).getByName(name).leave();
      void ended.catch(() => {});
    }
    this.forget();
  }

  /** How many isolates the conductor, the stages of `route` and the vocabulary shards are spread over: what can work at once. */
  isolates(route: Route): number {
    const places = [
      ...route.map((replica, group) => ({ group, replica })),
      ...this.#topology.shards.map((_, index) => shardPlace(index)),
    ];
    return new Set([isolateName(), ...places.map((place) => this.#isolates.get(this.nameOf(place)))]).size;
  }

  /** How `place` is; one that is not in the ring is not woken for it. */
  async report(place: FaultPlace): Promise<PartStatus> {
    return { ...(await this.#report(place)), restarts: this.#restarts.get(this.nameOf(place)) ?? 0 };
  }

  async #report(place: FaultPlace): Promise<PartReport> {
    if (!this.#members.has(this.nameOf(place))) return { state: "empty", memoryBytes: 0, sessions: 0, links: 0 };
    try {
      return await this.#ownReport({ place, name: this.nameOf(place) });
    } catch (error) {
      return {
        state: "failed",
        memoryBytes: 0,
        sessions: 0,
        links: 0,
        failure: asLost(error, placeName(place)).message,
      };
    }
  }

  nameOf({ group, replica, part }: FaultPlace): string {
    const stage = `stage-${group}-${replica}${part === undefined ? "" : `-part-${part}`}`;
    const name = group === "vocabulary" ? `vocabulary-${replica}` : stage;
    return `${this.#owner.conductor}/${this.#owner.pipelineHash.slice(0, 16)}/${name}`;
  }

  async #ask(
    place: FaultPlace,
    fault: (place: FaultPlace) => void,
    join: (name: string) => Promise<JoinAnswer>,
  ): Promise<void> {
    const name = this.nameOf(place);
    try {
      const answer = await this.#answer({ place, name }, join);
      if (!answer.joined) throw toInferenceError(answer.failure);
      this.#members.add(name);
      if (this.#lost.delete(name)) this.#restarts.set(name, (this.#restarts.get(name) ?? 0) + 1);
      this.#isolates.set(name, answer.isolate);
    } catch (error) {
      fault(place);
      throw asLost(error, placeName(place));
    }
  }

  /** A part that is still loading when its time is up, or waits for its turn to, is asked again: its load has a limit of its own. */
  async #answer(part: Successor, join: (name: string) => Promise<JoinAnswer>): Promise<JoinAnswer> {
    for (;;) {
      try {
        return await withTimeLimit(join(part.name), JOIN_LIMIT_MS, placeName(part.place));
      } catch (error) {
        const late = error instanceof InferenceError && error.code === "timed_out";
        if (!late || (await this.#ownReport(part)).state !== "loading") throw error;
      }
    }
  }

  #ownReport(part: Successor): Promise<PartReport> {
    return withTimeLimit(partStub(this.#bindings, part).report(), REPORT_LIMIT_MS, placeName(part.place));
  }

  #stage(route: Route, group: number): StageAssignment {
    const { manifestHash, engine, chunkRows, kvTokens, kvWindowTokens, stages, rowLimitMs } = this.#topology;
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
      kvWindowTokens,
      ...stages[group]!,
      group,
      replica: route[group]!,
      finalNorm,
      rowLimitMs,
      successors: successors.map((place) => this.#successor(place)),
      helpers: helperPlaces(this.#topology, { group, replica: route[group]! }).map((place) => this.#successor(place)),
    };
  }

  #helper(group: number, part: number): HelperAssignment {
    const { manifestHash, engine, chunkRows, kvTokens, kvWindowTokens, stages, layerParts } = this.#topology;
    const shared = { ...this.#pinned(), manifestHash, engine, maxRows: chunkRows, kvTokens, kvWindowTokens };
    return { ...shared, ...stages[group]!, part, parts: layerParts };
  }

  #successor(place: FaultPlace): Successor {
    return { place, name: this.nameOf(place) };
  }

  #shard(index: number): ShardAssignment {
    const { manifestHash, engine, chunkRows, shards } = this.#topology;
    const { firstShard, shardCount } = shards[index]!;
    return { ...this.#pinned(), manifestHash, engine, maxRows: chunkRows, index, firstShard, shardCount };
  }

  #pinned() {
    const { hopMs, strict } = this.#topology;
    const { pipelineHash, incarnation } = this.#owner;
    return { pipelineHash, incarnation, hopMs, strict, depth: JOIN_DEPTH };
  }
}
