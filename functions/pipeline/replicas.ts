import type { FaultPlace } from "./frame.ts";
import { differenceOf, type KvRoom, type KvTokens, NO_TOKENS, sumOf } from "./kv-room.ts";

/** One replica of each stage, in their order. */
export type Route = readonly number[];

/** A stage's replica. */
export interface StagePlace {
  readonly group: number;
  readonly replica: number;
}

interface Replica {
  /** Promised to sessions. */
  reserved: KvTokens;
  /** What prefixes hold and no session has reserved. */
  cached: KvTokens;
  sessions: number;
  /** Until then others are preferred, after a failure. */
  suspectUntilMs: number;
  /** How long the last frames took on routes through it; UNKNOWN_MS before the first. */
  stepMs: number;
}

/** How long a replica that failed is asked last. */
const SUSPICION_MS = 30_000;
/** More than any: what is loaded and known goes before what is not. */
const UNKNOWN_MS = Number.MAX_VALUE;
/** Weight of the newest frame in a replica's time. */
const NEWEST = 0.1;

export interface ReplicaLoad {
  readonly reserved: KvTokens;
  readonly cached: KvTokens;
  readonly sessions: number;
  readonly suspect: boolean;
  /** It takes no new sessions, and ends with its last one. */
  readonly draining: boolean;
}

const idle = (): Replica => ({
  reserved: NO_TOKENS,
  cached: NO_TOKENS,
  sessions: 0,
  suspectUntilMs: 0,
  stepMs: UNKNOWN_MS,
});

/**
 * Who serves what: the replicas of every stage, and the KV cache that is promised in each. Replicas 0 … count − 1 serve;
 * those beyond, after a change of the count, drain.
 */
export class Replicas {
  readonly room: KvRoom;
  readonly #groups: readonly Map<number, Replica>[];
  readonly #onEmpty: (place: StagePlace) => void;
  #count = 0;

  /** `onEmpty` hears of each draining replica that has lost its last session, before it is forgotten. */
  constructor(stages: number, count: number, room: KvRoom, onEmpty: (place: StagePlace) => void = () => {}) {
    this.room = room;
    this.#groups = Array.from({ length: stages }, () => new Map());
    this.#onEmpty = onEmpty;
    this.resize(count);
  }

  /** The most tokens any session can have. */
  get kvTokens(): number {
    return this.room.capacity.all;
  }

  /** How many of each stage serve. */
  get count(): number {
    return this.#count;
  }

  /** Has `count` replicas of each stage serve. */
  resize(count: number): void {
    this.#count = count;
    for (const group of this.#groups)
      for (let replica = 0; replica < count; replica++) group.set(replica, group.get(replica) ?? idle());
    this.#forgetEmpty();
  }

  /** Reserves `tokens` in the best replica of every stage: healthy first, then the least loaded; null when one is full. */
  stitch(tokens: number): Route | null {
    return this.#stitch(tokens, false);
  }

  /** Reserves along another route what is reserved along `route`; when there is none with room, along the same. */
  restitch(route: Route, tokens: number): Route {
    this.#giveBack(route, tokens);
    // What was just given back always fits again, if only where it was.
    const other = this.#stitch(tokens, false) ?? this.#stitch(tokens, true)!;
    this.#forgetEmpty();
    return other;
  }

  /** Reserves `tokens` along `route`; whether there is room. */
  reserve(route: Route, tokens: number): boolean {
    const needed = this.room.needs(tokens);
    const fits = this.#along(route).every(({ reserved }) => this.room.holds(sumOf(reserved, needed)));
    if (fits) this.#book(route, needed, 1);
    return fits;
  }

  /** Whether new sessions may take `route`, and no replica of it has failed lately. */
  serves(route: Route): boolean {
    const nowMs = Date.now();
    return route.every((replica, group) => {
      const found = this.#groups[group]!.get(replica);
      return replica < this.#count && found !== undefined && found.suspectUntilMs <= nowMs;
    });
  }

  /** Counts `tokens` more (or fewer) that only prefixes hold along `route`. */
  cache(route: Route, tokens: KvTokens): void {
    for (const replica of this.#along(route)) replica.cached = sumOf(replica.cached, tokens);
  }

  /** By how much prefixes take more in `place` than is free or than `limitTokens`. */
  cachedExcess({ group, replica }: StagePlace, limitTokens: number): KvTokens {
    const { reserved, cached } = this.#groups[group]!.get(replica) ?? idle();
    const free = differenceOf(this.room.capacity, reserved);
    return differenceOf(cached, { all: Math.min(limitTokens, free.all), window: Math.min(limitTokens, free.window) });
  }

  /** Gives back what was reserved. */
  release(route: Route, tokens: number): void {
    this.#giveBack(route, tokens);
    this.#forgetEmpty();
  }

  mark({ group, replica }: FaultPlace, suspect: boolean): void {
    const found = group === "vocabulary" ? undefined : this.#groups[group]?.get(replica);
    if (found !== undefined) found.suspectUntilMs = suspect ? Date.now() + SUSPICION_MS : 0;
  }

  /** A frame took `stepMs` on its way round. */
  timed(route: Route, stepMs: number): void {
    for (const replica of this.#along(route))
      replica.stepMs = replica.stepMs === UNKNOWN_MS ? stepMs : replica.stepMs + NEWEST * (stepMs - replica.stepMs);
  }

  /** The replicas of a stage, those that drain included. */
  of(group: number): readonly number[] {
    return [...this.#groups[group]!.keys()].sort((a, b) => a - b);
  }

  at({ group, replica }: StagePlace): ReplicaLoad {
    const { reserved, cached, sessions, suspectUntilMs } = this.#groups[group]!.get(replica)!;
    return {
      reserved,
      cached,
      sessions,
      suspect: suspectUntilMs > Date.now(),
      draining: replica >= this.#count,
    };
  }

  #stitch(tokens: number, withDraining: boolean): Route | null {
    const needed = this.room.needs(tokens);
    const nowMs = Date.now();
    const suspicion = ({ suspectUntilMs }: Replica) => Number(suspectUntilMs > nowMs);
    const route: number[] = [];
    for (const group of this.#groups) {
      const [best] = [...group]
        .filter(([replica]) => withDraining || replica < this.#count)
        .filter(([, { reserved }]) => this.room.holds(sumOf(reserved, needed)))
        .sort(
          ([, a], [, b]) =>
            suspicion(a) - suspicion(b) ||
            a.reserved.all - b.reserved.all ||
            a.sessions - b.sessions ||
            a.stepMs - b.stepMs,
        );
      if (best === undefined) return null;
      route.push(best[0]);
    }
    this.#book(route, needed, 1);
    return route;
  }

  #book(route: Route, needed: KvTokens, sessions: number): void {
    for (const booked of this.#along(route)) {
      booked.reserved = sumOf(booked.reserved, needed);
      booked.sessions += sessions;
    }
  }

  #giveBack(route: Route, tokens: number): void {
    this.#book(route, differenceOf(NO_TOKENS, this.room.needs(tokens)), -1);
  }

  #forgetEmpty(): void {
    for (const [group, replicas] of this.#groups.entries())
      for (const [replica, { sessions }] of replicas) {
        if (replica < this.#count || sessions > 0) continue;
        this.#onEmpty({ group, replica });
        replicas.delete(replica);
      }
  }

  /** What is forgotten has nothing to count. */
  #along(route: Route): Replica[] {
    return route.flatMap((replica, group) => this.#groups[group]!.get(replica) ?? []);
  }
}

/** Whether rows of `route` pass `place`; every route ends at every vocabulary shard. */
export const passes = (route: Route, { group, replica }: FaultPlace) =>
  group === "vocabulary" || route[group] === replica;
