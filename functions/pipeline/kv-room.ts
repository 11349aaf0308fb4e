import { PAGE_TOKENS } from "../../runtime/simd/layout.ts";
import { firstEntry, firstKeptPage, mostWindowPages } from "../../weights/kv-window.ts";
import type { Topology } from "./topology.ts";

/** KV cache in tokens, whole pages: of layers that see all tokens, and of those with a window. */
export interface KvTokens {
  readonly all: number;
  readonly window: number;
}

export const NO_TOKENS: KvTokens = { all: 0, window: 0 };

export const sumOf = (a: KvTokens, b: KvTokens): KvTokens => ({ all: a.all + b.all, window: a.window + b.window });
export const differenceOf = (a: KvTokens, b: KvTokens): KvTokens => ({
  all: a.all - b.all,
  window: a.window - b.window,
});

/**
 * The KV cache of a stage's replica, and what sessions take of it. Every stage is counted as if it had layers of both
 * kinds; one that has not needs less.
 */
export class KvRoom {
  readonly capacity: KvTokens;
  readonly #window: number | null;
  readonly #mostWindowTokens: number;

  constructor({ kvTokens, kvWindowTokens, window, chunkRows }: KvRoomOptions) {
    this.#window = window;
    this.#mostWindowTokens = window === null ? 0 : mostWindowPages(window, chunkRows) * PAGE_TOKENS;
    this.capacity = { all: wholePages(kvTokens), window: wholePages(kvWindowTokens) };
  }

  /** Keys that rows see in layers with a window; 0 where there are none. */
  get windowTokens(): number {
    return this.#window ?? 0;
  }

  /** What a session takes at most, while it grows to `tokens` tokens. */
  needs(tokens: number): KvTokens {
    const all = Math.ceil(tokens / PAGE_TOKENS) * PAGE_TOKENS;
    return { all, window: Math.min(all, this.#mostWindowTokens) };
  }

  holds({ all, window }: KvTokens): boolean {
    return all <= this.capacity.all && window <= this.capacity.window;
  }

  /** Number of the first page that a session of `tokens` tokens keeps of layers with a window; 0 where there are none. */
  firstWindowPage(tokens: number): number {
    return this.#window === null ? 0 : firstKeptPage(this.#window, tokens);
  }

  /** Numbers of the full pages that it keeps of them. */
  fullWindowPages(tokens: number): readonly number[] {
    if (this.#window === null) return [];
    const first = this.firstWindowPage(tokens);
    const count = Math.max(0, Math.floor(tokens / PAGE_TOKENS) - first);
    return Array.from({ length: count }, (_, index) => first + index);
  }

  /** The fewest tokens that a session can take over of one of `tokens` tokens. */
  firstEntry(tokens: number): number {
    return this.#window === null ? 0 : firstEntry(this.#window, tokens);
  }
}

type KvRoomOptions = Pick<Topology, "kvTokens" | "kvWindowTokens" | "window" | "chunkRows">;

const wholePages = (tokens: number) => Math.floor(tokens / PAGE_TOKENS) * PAGE_TOKENS;
