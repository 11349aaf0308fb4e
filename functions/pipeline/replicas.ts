import { PAGE_TOKENS } from "../../runtime/simd/layout.ts";
import type { FaultPlace } from "./frame.ts";

/** One replica of each stage, in their order. */
export type Route = readonly number[];

interface Replica {
  /** KV tokens promised to sessions, whole pages. */
  reservedTokens: number;
  sessions: number;
  /** Until then others are preferred, after a failure. */
  suspectUntilMs: number;
}

/** How long a replica that failed is asked last. */
const SUSPICION_MS = 30_000;

export interface ReplicaLoad {
  readonly reservedTokens: number;
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
      Array.from({ length: replicas }, () => ({ reservedTokens: 0, sessions: 0, suspectUntilMs: 0 })),
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

  /** Gives back what `stitch` reserved. */
  release(route: Route, tokens: number): void {
    this.#book(route, -pagedTokens(tokens), -1);
  }

  mark({ group, replica }: FaultPlace, suspect: boolean): void {
    const found = group === "vocabulary" ? undefined : this.#groups[group]?.[replica];
    if (found !== undefined) found.suspectUntilMs = suspect ? Date.now() + SUSPICION_MS : 0;
  }

  at(group: number, replica: number): ReplicaLoad {
    const { reservedTokens, sessions, suspectUntilMs } = this.#groups[group]![replica]!;
    return { reservedTokens, sessions, suspect: suspectUntilMs > Date.now() };
  }

  #book(route: Route, tokens: number, sessions: number): void {
    for (const [group, replica] of route.entries()) {
      const booked = this.#groups[group]![replica]!;
      booked.reservedTokens += tokens;
      booked.sessions += sessions;
    }
  }
}

/** Whether rows of `route` pass `place`; every route ends at every vocabulary shard. */
export const passes = (route: Route, { group, replica }: FaultPlace) =>
  group === "vocabulary" || route[group] === replica;
