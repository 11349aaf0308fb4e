import { kvSlots, pagesPerSlot, pageTableBytes } from "../../weights/packed-sizes.ts";
import { InferenceError } from "../errors.ts";
import { PAGE_TOKENS } from "./layout.ts";

export interface KvShape {
  /** Pages of the cache, over all sessions. */
  readonly pages: number;
  /** Bytes of a page: PAGE_TOKENS tokens of all layers of the stage. */
  readonly pageBytes: number;
  /** The most tokens a session may hold. */
  readonly contextTokens: number;
}

/** Tokens one session can reach. */
export const slotTokens = (shape: KvShape) => Math.min(shape.contextTokens, pagesPerSlot(shape) * PAGE_TOKENS);

/**
 * The KV cache's book-keeping: which session holds which pages. Page tables lie in WASM memory for the kernels. A page
 * begins at an absolute position, so sessions that begin with the same tokens can hold the same pages; one that is to
 * write into a page that others hold gets a copy of its own.
 */
export class KvPages {
  readonly #shape: KvShape;
  readonly #memory: WebAssembly.Memory;
  readonly #pagesOffset: number;
  readonly #tablesOffset: number;
  readonly #tables: Uint32Array;
  readonly #freePages: number[];
  /** How many slots hold each page. */
  readonly #holders: Uint32Array;
  /** Tokens of each slot, −1 for a free one. */
  readonly #tokens: number[];
  readonly #heldPages: number[];

  /** `tablesOffset` and `pagesOffset` are where pageTableBytes(shape) and the pages themselves lie in `memory`. */
  constructor(shape: KvShape, memory: WebAssembly.Memory, tablesOffset: number, pagesOffset: number) {
    this.#shape = shape;
    this.#memory = memory;
    this.#pagesOffset = pagesOffset;
    this.#tablesOffset = tablesOffset;
    this.#tables = new Uint32Array(memory.buffer, tablesOffset, pageTableBytes(shape) / 4);
    // Taken from the end, so the lowest page goes first.
    this.#freePages = Array.from(
      { length: shape.pages },
      (_, i) => pagesOffset + (shape.pages - 1 - i) * shape.pageBytes,
    );
    this.#holders = new Uint32Array(shape.pages);
    this.#tokens = new Array(kvSlots(shape)).fill(-1);
    this.#heldPages = new Array(kvSlots(shape)).fill(0);
  }

  get freeTokens(): number {
    return this.#freePages.length * PAGE_TOKENS;
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
    const slot = this.open();
    const pages = Math.ceil(tokens / PAGE_TOKENS);
    const table = this.#pagesOf(source).subarray(0, pages);
    for (const page of table) this.#holders[this.#indexOf(page)]! += 1;
    this.#pagesOf(slot).set(table);
    this.#heldPages[slot] = pages;
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

  /** Offset of the slot's page table. */
  table(slot: number): number {
    return this.#tablesOffset + slot * pagesPerSlot(this.#shape) * 4;
  }

  truncate(slot: number, tokens: number): void {
    if (this.tokens(slot) > tokens) this.#tokens[slot] = tokens;
    this.#release(slot);
  }

  /**
   * Takes the pages that `rows` more tokens need, and a copy of the one they begin in when others hold it too. All or
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
    const wanted = Math.ceil(tokens / PAGE_TOKENS);
    const pages = this.#pagesOf(slot);
    const first = Math.floor(held / PAGE_TOKENS);
    const copied = first < this.#heldPages[slot]! && this.#holders[this.#indexOf(pages[first]!)]! > 1;
    const missing = wanted - this.#heldPages[slot]! + Number(copied);
    if (missing > this.#freePages.length)
      throw new InferenceError(
        "out_of_capacity",
        `${rows} more tokens need ${missing} KV pages of ${PAGE_TOKENS} tokens, ${this.#freePages.length} are free`,
      );
    if (copied) pages[first] = this.#copy(pages[first]!);
    for (let page = this.#heldPages[slot]!; page < wanted; page++) pages[page] = this.#take();
    this.#heldPages[slot] = Math.max(wanted, this.#heldPages[slot]!);
  }

  /** Counts rows that are now in the cache. */
  commit(slot: number, rows: number): void {
    this.#tokens[slot] = this.tokens(slot) + rows;
  }

  /** Gives back the pages beyond the slot's tokens. */
  release(slot: number): void {
    this.tokens(slot);
    this.#release(slot);
  }

  #release(slot: number): void {
    const wanted = Math.ceil(this.#tokens[slot]! / PAGE_TOKENS);
    const pages = this.#pagesOf(slot);
    for (let page = this.#heldPages[slot]! - 1; page >= wanted; page--) this.#giveBack(pages[page]!);
    this.#heldPages[slot] = wanted;
  }

  #take(): number {
    const page = this.#freePages.pop()!;
    this.#holders[this.#indexOf(page)] = 1;
    return page;
  }

  #giveBack(page: number): void {
    const index = this.#indexOf(page);
    this.#holders[index]! -= 1;
    if (this.#holders[index] === 0) this.#freePages.push(page);
  }

  #copy(page: number): number {
    const copy = this.#take();
    new Uint8Array(this.#memory.buffer).copyWithin(copy, page, page + this.#shape.pageBytes);
    this.#giveBack(page);
    return copy;
  }

  #pagesOf(slot: number): Uint32Array {
    const pages = pagesPerSlot(this.#shape);
    return this.#tables.subarray(slot * pages, (slot + 1) * pages);
  }

  #indexOf(page: number): number {
    return (page - this.#pagesOffset) / this.#shape.pageBytes;
  }
}
