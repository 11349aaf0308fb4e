import type { RowGroup } from "../engine.ts";
import type { Batch, BatchGroup } from "./bind.ts";
import type { StageMemory } from "./stage-memory.ts";

/** The rows of the call in hand: their KV pages and rotary tables, in the form the kernels read. */
export class StageBatch {
  readonly #memory: StageMemory;
  readonly #maxRows: number;
  /** The groups of the current call; they and the rest are kept, so that a call makes none. */
  readonly #placed: BatchGroup[] = [];
  readonly #spare: BatchGroup[] = [];
  readonly #batch: Batch = { rows: 0, groups: this.#placed };
  #groups: readonly RowGroup[] = [];
  #rows = 0;

  constructor(memory: StageMemory, maxRows: number) {
    this.#memory = memory;
    this.#maxRows = maxRows;
  }

  /** The groups of the current call, as they were given. */
  get groups(): readonly RowGroup[] {
    return this.#groups;
  }

  /** Rows of all groups. */
  get rows(): number {
    return this.#rows;
  }

  /** Takes the KV pages of checked groups and fills the rotary tables; an error leaves every session as it was. */
  begin(groups: readonly RowGroup[]): void {
    const { kv, rotary } = this.#memory;
    this.#groups = groups;
    while (this.#placed.length > groups.length) this.#spare.push(this.#placed.pop()!);
    while (this.#placed.length < groups.length)
      this.#placed.push(this.#spare.pop() ?? { pageTable: 0, windowTable: 0, position: 0, firstRow: 0, rows: 0 });
    let firstRow = 0;
    try {
      for (let index = 0; index < groups.length; index++) {
        const { slot, position, rows } = groups[index]!;
        kv.reserve(slot, rows);
        for (const { table, cosines, sines } of rotary)
          table.fill(position, rows, cosines.rows(this.#maxRows), sines.rows(this.#maxRows), firstRow);
        const placed = this.#placed[index]!;
        placed.pageTable = kv.table(slot);
        placed.windowTable = kv.windowTable(slot);
        placed.position = position;
        placed.firstRow = firstRow;
        placed.rows = rows;
        firstRow += rows;
      }
      this.#rows = firstRow;
    } catch (error) {
      this.end();
      throw error;
    }
  }

  /** What a step is called with, for `rows` rows: all of the groups', or some that pass no attention. */
  of(rows: number): Batch {
    this.#batch.rows = rows;
    return this.#batch;
  }

  /** The rows are in the cache. */
  commit(): void {
    for (const { slot, rows } of this.#groups) this.#memory.kv.commit(slot, rows);
  }

  /** Gives back the pages that were taken and not filled. */
  end(): void {
    for (const { slot } of this.#groups) this.#memory.kv.release(slot);
  }
}
