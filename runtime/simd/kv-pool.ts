import { firstKeptPage, firstReadPage, type PoolSize, poolTableBytes } from "../../weights/kv-window.ts";
import { PAGE_TOKENS } from "./layout.ts";

export interface KvPoolShape extends PoolSize {
  /** PAGE_TOKENS tokens of all layers that use the pool. */
  readonly pageBytes: number;
  /** Keys that a row sees in these layers; null: all before it. */
  readonly window: number | null;
}

/**
 * KV pages of the layers of a stage that see equally far, and which slot holds which. A slot holds consecutive pages; its
 * table, for the kernels, begins with the first of them.
 */
export class KvPool {
  readonly #shape: KvPoolShape;
  readonly #memory: WebAssembly.Memory;
  readonly #tablesOffset: number;
  readonly #pagesOffset: number;
  readonly #tables: Uint32Array;
  readonly #freePages: number[];
  /** How many slots hold each page. */
  readonly #holders: Uint32Array;
  /** Of each slot: number of the first page it holds, and how many it holds. */
  readonly #first: number[];
  readonly #held: number[];

  /** `tablesOffset` and `pagesOffset` are where poolTableBytes(shape) and the pages themselves lie in `memory`. */
  constructor(shape: KvPoolShape, memory: WebAssembly.Memory, tablesOffset: number, pagesOffset: number) {
    this.#shape = shape;
    this.#memory = memory;
    this.#tablesOffset = tablesOffset;
    this.#pagesOffset = pagesOffset;
    this.#tables = new Uint32Array(memory.buffer, tablesOffset, poolTableBytes(shape) / 4);
    // Taken from the end, so the lowest page goes first.
    this.#freePages = Array.from(
      { length: shape.pages },
      (_, i) => pagesOffset + (shape.pages - 1 - i) * shape.pageBytes,
    );
    this.#holders = new Uint32Array(shape.pages);
    this.#first = new Array(shape.slots).fill(0);
    this.#held = new Array(shape.slots).fill(0);
  }

  get freePages(): number {
    return this.#freePages.length;
  }

  /**
   * Where page 0 would stand in the slot's table; kernels read the entries of pages that rows see, and no others. Below
   * the table, maybe below 0, once the slot has given back its first pages.
   */
  table(slot: number): number {
    return this.#tablesOffset + (slot * this.#shape.slotPages - this.#first[slot]!) * 4;
  }

  /** Whether the slot holds all that a row at position `tokens` sees. */
  reaches(slot: number, tokens: number): boolean {
    const { window } = this.#shape;
    return window === null || this.#first[slot]! <= firstReadPage(window, tokens);
  }

  /** Has an empty slot hold what `source` keeps of its first `tokens` tokens. */
  share(source: number, slot: number, tokens: number): void {
    const first = Math.max(this.#first[source]!, this.#firstKept(tokens));
    const end = Math.ceil(tokens / PAGE_TOKENS);
    const skipped = first - this.#first[source]!;
    const pages = this.#pagesOf(source).subarray(skipped, skipped + end - first);
    for (const page of pages) this.#holders[this.#indexOf(page)]! += 1;
    this.#pagesOf(slot).set(pages);
    this.#first[slot] = first;
    this.#held[slot] = pages.length;
  }

  /** How many pages `grow` would take. */
  missing(slot: number, from: number, to: number): number {
    return Math.ceil(to / PAGE_TOKENS) - this.#end(slot) + Number(this.#sharesPageOf(slot, from));
  }

  /** Takes the pages of positions `from` … `to` − 1, and a copy of the one they begin in where others hold it too. */
  grow(slot: number, from: number, to: number): void {
    const pages = this.#pagesOf(slot);
    if (this.#sharesPageOf(slot, from)) {
      const place = Math.floor(from / PAGE_TOKENS) - this.#first[slot]!;
      pages[place] = this.#copy(pages[place]!);
    }
    for (let end = this.#end(slot); end * PAGE_TOKENS < to; end++) pages[this.#held[slot]!++] = this.#take();
  }

  /** Gives back the pages beyond `tokens` tokens; all of them when it is 0. */
  cut(slot: number, tokens: number): void {
    const pages = this.#pagesOf(slot);
    const kept = Math.max(0, Math.ceil(tokens / PAGE_TOKENS) - this.#first[slot]!);
    while (this.#held[slot]! > kept) this.#giveBack(pages[--this.#held[slot]!]!);
    if (tokens === 0) this.#first[slot] = 0;
  }

  /** Gives back the pages that a session of `tokens` tokens needs no more. */
  slide(slot: number, tokens: number): void {
    const count = this.#firstKept(tokens) - this.#first[slot]!;
    if (count <= 0) return;
    const pages = this.#pagesOf(slot);
    for (let page = 0; page < count; page++) this.#giveBack(pages[page]!);
    pages.copyWithin(0, count, this.#held[slot]!);
    this.#first[slot]! += count;
    this.#held[slot]! -= count;
  }

  #firstKept(tokens: number): number {
    const { window } = this.#shape;
    return window === null ? 0 : firstKeptPage(window, tokens);
  }

  /** Number of the page after the slot's last. */
  #end(slot: number): number {
    return this.#first[slot]! + this.#held[slot]!;
  }

  #sharesPageOf(slot: number, position: number): boolean {
    const page = Math.floor(position / PAGE_TOKENS);
    if (page >= this.#end(slot)) return false;
    return this.#holders[this.#indexOf(this.#pagesOf(slot)[page - this.#first[slot]!]!)]! > 1;
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
    const { slotPages } = this.#shape;
    return this.#tables.subarray(slot * slotPages, (slot + 1) * slotPages);
  }

  #indexOf(page: number): number {
    return (page - this.#pagesOffset) / this.#shape.pageBytes;
  }
}
