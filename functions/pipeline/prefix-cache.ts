import { MAX_SESSIONS } from "../../runtime/load-options.ts";
import { PAGE_TOKENS } from "../../runtime/simd/layout.ts";
import type { FaultPlace } from "./frame.ts";
import { differenceOf } from "./kv-room.ts";
import { prefixPlaces } from "./prefix-places.ts";
import { passes, type Replicas, type Route } from "./replicas.ts";
import type { Ring } from "./ring.ts";
import { type KeptPages, SessionPages, type SharedPage } from "./shared-pages.ts";

/** With the sessions that run, no more than the slots of a stage. */
export const MAX_PREFIXES = MAX_SESSIONS / 2;

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
  readonly pages: SessionPages;
  readonly source: Prefix;
}

/** Ids whose KV pages the stages of a route keep: a session that nobody feeds. */
export interface Prefix extends PrefixAsked {
  readonly route: Route;
  readonly session: number;
  readonly pages: KeptPages;
  /** The fewest of them that a session can begin with: where windows have left behind what came first, nearly all. */
  readonly firstEntry: number;
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
      const pages = this.#pagesFor(prefix, common);
      this.#count(prefix.route, pages, (page) => {
        page.sessions++;
      });
      return { route: prefix.route, session, tokens: common, pages, source: prefix };
    }
    return null;
  }

  /** Where a session that begins with `claimedTokens` of `asked` is to be kept before the end of these. */
  placesOf(asked: PrefixAsked, claimedTokens: number): readonly number[] {
    const parted = this.#commons(asked).filter(({ prefix, common }) => common < prefix.firstEntry);
    const branchTokens = Math.max(0, ...parted.map(({ common }) => common));
    return prefixPlaces(asked.ids.length, branchTokens, claimedTokens, this.#replicas.room);
  }

  /**
   * Keeps the full pages of ids that session `session` was fed; `held` are those it shares already, and grows by those it
   * shares from now on. A session whose windows have left some of them behind cannot be kept there any more.
   */
  keep({ shareKey, ids }: PrefixAsked, route: Route, session: number, held: SessionPages): void {
    const full = Math.floor(ids.length / PAGE_TOKENS);
    const kept = Uint32Array.from(ids).slice(0, full * PAGE_TOKENS);
    const { room } = this.#replicas;
    if (held.firstWindowPage > room.firstWindowPage(kept.length)) return;
    if (full === 0 || this.#limitTokens < PAGE_TOKENS || !this.#replicas.serves(route)) return;
    const covering = this.#on(shareKey, route).find(
      (prefix) => prefix.firstEntry <= kept.length && commonLength(prefix.ids, kept) === kept.length,
    );
    if (covering !== undefined) this.#use(covering);
    const copy = covering === undefined ? this.#stages.fork(route, session, kept.length) : null;
    if (copy === null) return;
    const pages = held.keep(full, room.fullWindowPages(kept.length));
    const firstEntry = room.firstEntry(kept.length);
    for (const prefix of this.#on(shareKey, route))
      if (firstEntry <= prefix.firstEntry && commonLength(prefix.ids, kept) === prefix.ids.length) this.drop(prefix);
    this.#prefixes.set(copy, { shareKey, ids: kept, route, session: copy, pages, firstEntry });
    for (const prefix of this.#prefixes.values()) {
      if (this.#prefixes.size <= MAX_PREFIXES) break;
      this.drop(prefix);
    }
    this.makeRoom(route);
  }

  /** A session shares these pages no more. */
  unpin(route: Route, pages: KeptPages): void {
    this.#count(route, pages, (page) => {
      page.sessions--;
    });
  }

  /** A session is about to be fed up to `tokens` tokens: what its windows leave behind is the prefixes' alone. */
  slide(route: Route, pages: SessionPages, tokens: number): void {
    const left = pages.slide(this.#replicas.room.firstWindowPage(tokens));
    if (left.size === 0) return;
    this.unpin(route, { all: [], window: left });
    this.makeRoom(route);
  }

  /** Gives up prefixes until what is kept along `route` fits beside what sessions have reserved. */
  makeRoom(route: Route): void {
    for (const [group, replica] of route.entries()) {
      const place = { group, replica };
      for (;;) {
        const { all, window } = this.#replicas.cachedExcess(place, this.#limitTokens);
        const oldest = [...this.#prefixes.values()].find(
          ({ route, pages }) =>
            passes(route, place) &&
            // Sessions that share a prefix's last page share all of it: giving it up would free nothing.
            ((all > 0 && isCached(pages.all.at(-1)!)) || (window > 0 && [...pages.window.values()].some(isCached))),
        );
        if (oldest === undefined) break;
        this.drop(oldest);
      }
    }
  }

  drop(prefix: Prefix): void {
    if (!this.#prefixes.delete(prefix.session)) return;
    this.#count(prefix.route, prefix.pages, (page) => {
      page.prefixes--;
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
  #matches(asked: PrefixAsked): { readonly prefix: Prefix; readonly common: number }[] {
    return this.#commons(asked)
      .filter(({ prefix, common }) => common >= Math.max(PAGE_TOKENS, prefix.firstEntry))
      .sort((a, b) => b.common - a.common);
  }

  /** How much of each prefix `asked` could begin with, but for the windows. */
  #commons({ shareKey, ids }: PrefixAsked): { readonly prefix: Prefix; readonly common: number }[] {
    return [...this.#prefixes.values()]
      .filter((prefix) => prefix.shareKey === shareKey && this.#replicas.serves(prefix.route))
      .map((prefix) => ({ prefix, common: Math.min(commonLength(prefix.ids, ids), ids.length - 1) }));
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
  #count(route: Route, { all, window }: KeptPages, change: (page: SharedPage) => void): void {
    const windowPages = [...window.values()];
    const cached = () => ({ all: cachedTokens(all), window: cachedTokens(windowPages) });
    const before = cached();
    for (const page of [...all, ...windowPages]) change(page);
    this.#replicas.cache(route, differenceOf(cached(), before));
  }

  /** What a session shares with a prefix of which it takes over `tokens` tokens. */
  #pagesFor({ pages, ids }: Prefix, tokens: number): SessionPages {
    const firstWindowPage = this.#replicas.room.firstWindowPage(ids.length);
    return new SessionPages(pages, Math.floor(tokens / PAGE_TOKENS), firstWindowPage);
  }
}

const isCached = ({ sessions, prefixes }: SharedPage) => sessions === 0 && prefixes > 0;
const cachedTokens = (pages: readonly SharedPage[]) => pages.filter(isCached).length * PAGE_TOKENS;

/** How many of their first ids are the same. */
function commonLength(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const most = Math.min(a.length, b.length);
  for (let index = 0; index < most; index++) if (a[index] !== b[index]) return index;
  return most;
}
