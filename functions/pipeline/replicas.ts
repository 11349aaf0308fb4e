import { PAGE_TOKENS } from "../../runtime/simd/layout.ts";
import type { FaultPlace } from "./frame.ts";

/** One replica of each stage, in their order. */
export type Route = readonly number[];

interface Replica {
  /** KV tokens promised to sessions, whole pages. */
  reservedTokens: number;
  /** KV tokens that prefixes hold and no session has reserved. */
  cachedTokens: number;
  sessions: number;
  /** Until then others are preferred, after a failure. */
  suspectUntilMs: number;
}

/** How long a replica that failed is asked last. */
const SUSPICION_MS = 30_000;

export interface ReplicaLoad {
  readonly reservedTokens: number;
  readonly cachedTokens: number;
  readonly sessions: number;
  readonly suspect: boolean;
}

/** Tokens of KV cache a session of `tokens` tokens takes: whole pages. */
export const pagedTokens = (tokens: number) => Math.ceil(tokens / PAGE_TOKENS) * PAGE_TOKENS;

/** Who serves what: the replicas of every stage, and the KV cache that is promised in each. */
export class Replicas {
  readonly #kvTokens: number;
  readonly #groups: readonly (readonly Replica[])[];

  constructor(stages: number, replicas: number, kvTokens: number) {
    this.#kvTokens = Math.floor(kvTokens / PAGE_TOKENS) * PAGE_TOKENS;
    this.#groups = Array.from({ length: stages }, () =>
      Array.from({ length: replicas }, () => ({ reservedTokens: 0, cachedTokens: 0, sessions: 0, suspectUntilMs: 0 })),
    );
  }

  /** The most tokens any session can have. */
  get kvTokens(): number {
    return this.#kvTokens;
  }

  /** Reserves `tokens` in the best replica of every stage: healthy first, then the least loaded; null when one is full. */
  stitch(tokens: number): Route | null {
    const needed = pagedTokens(tokens);
    const nowMs = Date.now();
    const suspicion = ({ suspectUntilMs }: Replica) => Number(suspectUntilMs > nowMs);
    const route: number[] = [];
    for (const group of this.#groups) {
      const [best] = [...group.entries()]
        .filter(([, { reservedTokens }]) => reservedTokens + needed <= this.#kvTokens)
        .sort(
          ([, a], [, b]) =>
            suspicion(a) - suspicion(b) || a.reservedTokens - b.reservedTokens || a.sessions - b.sessions,
        );
      if (best === undefined) return null;
      route.push(best[0]);
    }
    this.#book(route, needed, 1);
    return route;
  }

  /** Reserves `tokens` along `route`; whether there is room. */
  reserve(route: Route, tokens: number): boolean {
    const needed = pagedTokens(tokens);
    const fits = this.#along(route).every(({ reservedTokens }) => reservedTokens + needed <= this.#kvTokens);
    if (fits) this.#book(route, needed, 1);
    return fits;
  }

  /** Whether no replica of `route` has failed lately. */
  serves(route: Route): boolean {
    return this.#along(route).every(({ suspectUntilMs }) => suspectUntilMs <= Date.now());
  }

  /** Counts `tokens` more (or fewer) that only prefixes hold along `route`. */
  cache(route: Route, tokens: number): void {
    for (const replica of this.#along(route)) replica.cachedTokens += tokens;
  }

  /** By how much prefixes take more in `place` than is free or than `limitTokens`. */
  cachedExcess({ group, replica }: { readonly group: number; readonly replica: number }, limitTokens: number): number {
    const { reservedTokens, cachedTokens } = this.#groups[group]![replica]!;
    return cachedTokens - Math.min(limitTokens, this.#kvTokens - reservedTokens);
  }

  /** Gives back what `stitch` or `reserve` reserved. */
  release(route: Route, tokens: number): void {
    this.#book(route, -pagedTokens(tokens), -1);
  }

  mark({ group, replica }: FaultPlace, suspect: boolean): void {
    const found = group === "vocabulary" ? undefined : this.#groups[group]?.[replica];
    if (found !== undefined) found.suspectUntilMs = suspect ? Date.now() + SUSPICION_MS : 0;
  }

  at(group: number, replica: number): ReplicaLoad {
    const { reservedTokens, cachedTokens, sessions, suspectUntilMs } = this.#groups[group]![replica]!;
    return { reservedTokens, cachedTokens, sessions, suspect: suspectUntilMs > Date.now() };
  }

  #book(route: Route, tokens: number, sessions: number): void {
    for (const booked of this.#along(route)) {
      booked.reservedTokens += tokens;
      booked.sessions += sessions;
    }
  }

  #along(route: Route): Replica[] {
    return route.map((replica, group) => this.#groups[group]![replica]!);
  }
}

/** Whether rows of `route` pass `place`; every route ends at every vocabulary shard. */
export const passes = (route: Route, { group, replica }: FaultPlace) =>
  group === "vocabulary" || route[group] === replica;
