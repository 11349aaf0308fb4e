import { InferenceError } from "../errors.ts";
import { MAX_SESSIONS } from "../load-options.ts";
import { PAGE_TOKENS } from "./layout.ts";

export interface KvShape {
  /** Pages of the cache, over all sessions. */
  readonly pages: number;
  /** Bytes of a page: PAGE_TOKENS tokens of all layers of the stage. */
  readonly pageBytes: number;
  /** The most tokens a session may hold. */
  readonly contextTokens: number;
}

/** Slots whose page tables are planned: no more than there are pages to hold a token. */
export const kvSlots = ({ pages }: KvShape) => Math.min(pages, MAX_SESSIONS);
const pagesPerSlot = ({ pages, contextTokens }: KvShape) => Math.min(pages, Math.ceil(contextTokens / PAGE_TOKENS));
/** Tokens one session can reach. */
export const slotTokens = (shape: KvShape) => Math.min(shape.contextTokens, pagesPerSlot(shape) * PAGE_TOKENS);
export const pageTableBytes = (shape: KvShape) => kvSlots(shape) * pagesPerSlot(shape) * 4;

/** The KV cache's book-keeping: which session holds which pages. Page tables lie in WASM memory for the kernels. */
export class KvPages {
  readonly #shape: KvShape;
  readonly #tablesOffset: number;
  readonly #tables: Uint32Array;
  readonly #freePages: number[];
  /** Tokens of each slot, −1 for a free one. */
  readonly #tokens: number[];
  readonly #heldPages: number[];

  /** `tablesOffset` and `pagesOffset` are where pageTableBytes(shape) and the pages themselves lie in `memory`. */
  constructor(shape: KvShape, memory: WebAssembly.Memory, tablesOffset: number, pagesOffset: number) {
    this.#shape = shape;
    this.#tablesOffset = tablesOffset;
    this.#tables = new Uint32Array(memory.buffer, tablesOffset, pageTableBytes(shape) / 4);
    // Taken from the end, so the lowest page goes first.
    this.#freePages = Array.from(
      { length: shape.pages },
      (_, i) => pagesOffset + (shape.pages - 1 - i) * shape.pageBytes,
    );
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

  /** Takes the pages that `rows` more tokens need. All or nothing: on an error `release` gives them back. */
  reserve(slot: number, rows: number): void {
    const tokens = this.tokens(slot) + rows;
    if (tokens > slotTokens(this.#shape))
      throw new InferenceError(
        "out_of_capacity",
        `the session would hold ${tokens} tokens, a session of this stage may hold ${slotTokens(this.#shape)}`,
      );
    const wanted = Math.ceil(tokens / PAGE_TOKENS);
    const missing = wanted - this.#heldPages[slot]!;
    if (missing > this.#freePages.length)
      throw new InferenceError(
        "out_of_capacity",
        `${rows} more tokens need ${missing} KV pages of ${PAGE_TOKENS} tokens, ${this.#freePages.length} are free`,
      );
    for (let page = this.#heldPages[slot]!; page < wanted; page++)
      this.#tables[slot * pagesPerSlot(this.#shape) + page] = this.#freePages.pop()!;
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
    const first = slot * pagesPerSlot(this.#shape);
    for (let page = this.#heldPages[slot]! - 1; page >= wanted; page--)
      this.#freePages.push(this.#tables[first + page]!);
    this.#heldPages[slot] = wanted;
  }
}
