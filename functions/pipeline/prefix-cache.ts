import { MAX_SESSIONS } from "../../runtime/load-options.ts";
import { PAGE_TOKENS } from "../../runtime/simd/layout.ts";
import type { FaultPlace } from "./frame.ts";
import { passes, type Replicas, type Route } from "./replicas.ts";
import type { Ring } from "./ring.ts";

/** With the sessions that run, no more than the slots of a stage. */
export const MAX_PREFIXES = MAX_SESSIONS / 2;

/** A full page that prefixes hold, and maybe sessions: these have room reserved for it, so it counts as cached without them. */
export interface SharedPage {
  sessions: number;
  prefixes: number;
}

/** What a session may begin with. */
export interface PrefixAsked {
  /** Names the tenant: what one has computed is never compared with another's prompts. */
  readonly shareKey: string;
  /** Ids the session will begin with; the last is always computed. */
  readonly ids: ArrayLike<number>;
}

/** A session that begins as a copy of a prefix. */
export interface PrefixClaim {
  readonly route: Route;
  /** The stages know it by this number already. */
  readonly session: number;
  /** How many it begins with. */
  readonly tokens: number;
  readonly pages: readonly SharedPage[];
  readonly source: Prefix;
}

/** Ids whose KV pages the stages of a route keep: a session that nobody feeds. */
export interface Prefix extends PrefixAsked {
  readonly route: Route;
  readonly session: number;
  readonly pages: readonly SharedPage[];
}

/** How the stages hear what they are to keep. */
type Stages = Pick<Ring, "fork" | "end">;

/**
 * Prompts and answers whose full KV pages are still in the stages, for sessions that begin with the same ids. They take
 * what no session has reserved, and go, the least recently used first, when one needs the room. A session that shares
 * pages reserves room for them all the same: should a stage be lost, it computes them again, and then shares nothing.
 */
export class PrefixCache {
  readonly #stages: Stages;
  readonly #replicas: Replicas;
  readonly #limitTokens: number;
  /** By session number, the least recently used first. */
  readonly #prefixes = new Map<number, Prefix>();
  #hits = 0;
  #reusedTokens = 0;

  /** `limitTokens` is the most that one replica keeps without a session. */
  constructor(stages: Stages, replicas: Replicas, limitTokens: number) {
    this.#stages = stages;
    this.#replicas = replicas;
    this.#limitTokens = limitTokens;
  }

  /** How many there are, and how often and for how many tokens they were used so far. */
  get counts() {
    return { prefixes: this.#prefixes.size, hits: this.#hits, reusedTokens: this.#reusedTokens };
  }

  /** How many pass `place`. */
  at(place: FaultPlace): number {
    return [...this.#prefixes.values()].filter(({ route }) => passes(route, place)).length;
  }

  /** Begins a session with the longest prefix on a route that has room to reserve for `tokens` tokens; null without one. */
  claim(asked: PrefixAsked, tokens: number): PrefixClaim | null {
    for (const { prefix, common } of this.#matches(asked)) {
      if (!this.#replicas.reserve(prefix.route, tokens)) continue;
      const session = this.#stages.fork(prefix.route, prefix.session, common);
      if (session === null) {
        this.#replicas.release(prefix.route, tokens);
        continue;
      }
      this.#use(prefix);
      this.#hits++;
      this.#reusedTokens += common;
      const pages = prefix.pages.slice(0, Math.floor(common / PAGE_TOKENS));
      this.#count(prefix.route, pages, () => {
        for (const page of pages) page.sessions++;
      });
      return { route: prefix.route, session, tokens: common, pages, source: prefix };
    }
    return null;
  }

  /**
   * Keeps the full pages of ids that session `session` has computed; `held` are those it shares already, and grows by
   * those it shares from now on.
   */
  keep({ shareKey, ids }: PrefixAsked, route: Route, session: number, held: SharedPage[]): void {
    const full = Math.floor(ids.length / PAGE_TOKENS);
    const kept = Uint32Array.from(ids).slice(0, full * PAGE_TOKENS);
    if (full === 0 || this.#limitTokens < PAGE_TOKENS || !this.#replicas.serves(route)) return;
    const covering = this.#on(shareKey, route).find((prefix) => commonLength(prefix.ids, kept) === kept.length);
    if (covering !== undefined) this.#use(covering);
    const copy = covering === undefined ? this.#stages.fork(route, session, kept.length) : null;
    if (copy === null) return;
    while (held.length < full) held.push({ sessions: 1, prefixes: 0 });
    const pages = held.slice(0, full);
    for (const page of pages) page.prefixes++;
    for (const prefix of this.#on(shareKey, route))
      if (commonLength(prefix.ids, kept) === prefix.ids.length) this.drop(prefix);
    this.#prefixes.set(copy, { shareKey, ids: kept, route, session: copy, pages });
    for (const prefix of this.#prefixes.values()) {
      if (this.#prefixes.size <= MAX_PREFIXES) break;
      this.drop(prefix);
    }
    this.makeRoom(route);
  }

  /** A session shares these pages no more. */
  unpin(route: Route, pages: readonly SharedPage[]): void {
    this.#count(route, pages, () => {
      for (const page of pages) page.sessions--;
    });
  }

  /** Gives up prefixes until what is kept along `route` fits beside what sessions have reserved. */
  makeRoom(route: Route): void {
    for (const [group, replica] of route.entries()) {
      const place = { group, replica };
      while (this.#replicas.cachedExcess(place, this.#limitTokens) > 0) {
        const oldest = [...this.#prefixes.values()].find(
          // Sessions that share a prefix's last page share all of it: giving it up would free nothing.
          (prefix) => passes(prefix.route, place) && prefix.pages.at(-1)!.sessions === 0,
        );
        if (oldest === undefined) break;
        this.drop(oldest);
      }
    }
  }

  drop(prefix: Prefix): void {
    if (!this.#prefixes.delete(prefix.session)) return;
    this.#count(prefix.route, prefix.pages, () => {
      for (const page of prefix.pages) page.prefixes--;
    });
    this.#stages.end(prefix.route, prefix.session);
  }

  /** `place` may have lost what it kept. */
  lose(place: FaultPlace): void {
    for (const prefix of this.#prefixes.values()) if (passes(prefix.route, place)) this.drop(prefix);
  }

  clear(): void {
    for (const prefix of this.#prefixes.values()) this.drop(prefix);
  }

  /** What `asked` can begin with, the longest first. */
  #matches({ shareKey, ids }: PrefixAsked): { readonly prefix: Prefix; readonly common: number }[] {
    return [...this.#prefixes.values()]
      .filter((prefix) => prefix.shareKey === shareKey && this.#replicas.serves(prefix.route))
      .map((prefix) => ({ prefix, common: Math.min(commonLength(prefix.ids, ids), ids.length - 1) }))
      .filter(({ common }) => common >= PAGE_TOKENS)
      .sort((a, b) => b.common - a.common);
  }

  #on(shareKey: string, route: Route): Prefix[] {
    const key = route.join("/");
    return [...this.#prefixes.values()].filter(
      (prefix) => prefix.shareKey === shareKey && prefix.route.join("/") === key,
    );
  }

  #use(prefix: Prefix): void {
    this.#prefixes.delete(prefix.session);
    this.#prefixes.set(prefix.session, prefix);
  }

  /** Does `change` to pages of `route`, and counts those that only prefixes hold. */
  #count(route: Route, pages: readonly SharedPage[], change: () => void): void {
    const before = pages.filter(isCached).length;
    change();
    this.#replicas.cache(route, (pages.filter(isCached).length - before) * PAGE_TOKENS);
  }
}

const isCached = ({ sessions, prefixes }: SharedPage) => sessions === 0 && prefixes > 0;

/** How many of their first ids are the same. */
function commonLength(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const most = Math.min(a.length, b.length);
  for (let index = 0; index < most; index++) if (a[index] !== b[index]) return index;
  return most;
}
