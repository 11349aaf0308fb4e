import { kvSlots, pagesPerSlot } from "../../weights/packed-sizes.ts";
import { InferenceError } from "../errors.ts";
import type { KvPool } from "./kv-pool.ts";
import { PAGE_TOKENS } from "./layout.ts";

export interface KvShape {
  /** Pages over all sessions, of layers that see all tokens. */
  readonly pages: number;
  /** The most tokens a session may hold. */
  readonly contextTokens: number;
}

/** Page pools of a stage; null where it has no such layers. */
export interface KvPools {
  /** Of layers that see all tokens. */
  readonly all: KvPool | null;
  /** Of layers with a window. */
  readonly window: KvPool | null;
}

/** Tokens one session can reach. */
export const slotTokens = (shape: KvShape) => Math.min(shape.contextTokens, pagesPerSlot(shape) * PAGE_TOKENS);

/**
 * The KV cache's book-keeping: which session holds how much in which pages. A page begins at an absolute position, so
 * sessions that begin with the same tokens can hold the same pages; one that is to write into a page that others hold
 * gets a copy of its own. Pages that a session's windows have left behind are given back as it goes on.
 */
export class KvPages {
  readonly #shape: KvShape;
  readonly #pools: KvPools;
  readonly #inUse: readonly KvPool[];
  /** Tokens of each slot, −1 for a free one. */
  readonly #tokens: number[];

  constructor(shape: KvShape, pools: KvPools) {
    this.#shape = shape;
    this.#pools = pools;
    this.#inUse = [pools.all, pools.window].filter((pool) => pool !== null);
    this.#tokens = new Array(kvSlots(shape)).fill(-1);
  }

  /** Of layers that see all tokens. */
  get freeTokens(): number {
    return (this.#pools.all?.freePages ?? this.#shape.pages) * PAGE_TOKENS;
  }

  /** Of layers with a window; null where there are none. */
  get freeWindowTokens(): number | null {
    return this.#pools.window && this.#pools.window.freePages * PAGE_TOKENS;
  }

  open(): number {
    const slot = this.#tokens.indexOf(-1);
    if (slot < 0)
      throw new InferenceError("out_of_capacity", `all ${this.#tokens.length} session slots of the stage are taken`);
    this.#tokens[slot] = 0;
    return slot;
  }

  /** Opens a slot that holds the pages of `source`'s first `tokens` tokens. */
  fork(source: number, tokens: number): number {
    if (tokens > this.tokens(source))
      throw new InferenceError(
        "position_gap",
        `a session was to begin with ${tokens} tokens of one that holds ${this.tokens(source)}`,
      );
    this.#expectReach(source, tokens);
    const slot = this.open();
    for (const pool of this.#inUse) pool.share(source, slot, tokens);
    this.#tokens[slot] = tokens;
    return slot;
  }

  close(slot: number): void {
    this.truncate(slot, 0);
    this.#tokens[slot] = -1;
  }

  tokens(slot: number): number {
    const tokens = this.#tokens[slot] ?? -1;
    if (tokens < 0) throw new InferenceError("internal", `session slot ${slot} is not open`);
    return tokens;
  }

  /** Offset of the slot's page table for layers that see all tokens; 0 where there are none. */
  table(slot: number): number {
    return this.#pools.all?.table(slot) ?? 0;
  }

  /** The same for layers with a window, as KvPool.table. */
  windowTable(slot: number): number {
    return this.#pools.window?.table(slot) ?? 0;
  }

  /**
   * Forgets tokens from `tokens` on. InferenceError position_gap when a row there would see what its windows have left
   * behind already; forgetting everything always works.
   */
  truncate(slot: number, tokens: number): void {
    if (tokens < this.tokens(slot)) {
      if (tokens > 0) this.#expectReach(slot, tokens);
      this.#tokens[slot] = tokens;
    }
    this.release(slot);
  }

  /**
   * Takes the pages that `rows` more tokens need, and a copy of those they begin in when others hold them too. All or
   * nothing: on an error `release` gives them back.
   */
  reserve(slot: number, rows: number): void {
    const held = this.tokens(slot);
    const tokens = held + rows;
    if (tokens > slotTokens(this.#shape))
      throw new InferenceError(
        "out_of_capacity",
        `the session would hold ${tokens} tokens, a session of this stage may hold ${slotTokens(this.#shape)}`,
      );
    for (const pool of this.#inUse) {
      const missing = pool.missing(slot, held, tokens);
      if (missing > pool.freePages)
        throw new InferenceError(
          "out_of_capacity",
          `${rows} more tokens need ${missing} KV pages of ${PAGE_TOKENS} tokens, ${pool.freePages} are free`,
        );
    }
    for (const pool of this.#inUse) pool.grow(slot, held, tokens);
  }

  /** Counts rows that are now in the cache. */
  commit(slot: number, rows: number): void {
    this.#tokens[slot] = this.tokens(slot) + rows;
    for (const pool of this.#inUse) pool.slide(slot, this.#tokens[slot]!);
  }

  /** Gives back the pages beyond the slot's tokens. */
  release(slot: number): void {
    for (const pool of this.#inUse) pool.cut(slot, this.tokens(slot));
  }

  #expectReach(slot: number, tokens: number): void {
    if (this.#inUse.every((pool) => pool.reaches(slot, tokens))) return;
    throw new InferenceError(
      "position_gap",
      `a session of ${this.tokens(slot)} tokens was to go on from ${tokens}: its windows have left behind what a row there sees`,
    );
  }
}
