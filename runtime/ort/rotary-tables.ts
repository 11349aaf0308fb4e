import type { LayerAttention } from "../../weights/manifest.ts";
import { RotaryTable } from "../rotary-table.ts";

const MIN_POSITIONS = 64;

/** A rotary table from position 0 on, as GroupQueryAttention wants it: it reaches a power of two and grows. */
export class GrowingRotaryTable {
  readonly #table: RotaryTable;
  #positions = 0;
  #cosines = new Float32Array(0);
  #sines = new Float32Array(0);

  constructor(table: RotaryTable) {
    this.#table = table;
  }

  /** Cosines and sines float32 `dims` of at least `positions` positions. */
  upTo(positions: number): { cosines: Float32Array; sines: Float32Array; dims: readonly [number, number] } {
    const { width } = this.#table;
    if (positions > this.#positions) {
      this.#positions = Math.max(MIN_POSITIONS, 2 ** Math.ceil(Math.log2(positions)));
      this.#cosines = new Float32Array(this.#positions * width);
      this.#sines = new Float32Array(this.#positions * width);
      this.#table.fill(0, this.#positions, this.#cosines, this.#sines);
    }
    return { cosines: this.#cosines, sines: this.#sines, dims: [this.#positions, width] };
  }
}

/** The tables of a stage: layers with the same base and factor share one. */
export class RotaryTables {
  readonly #tables = new Map<string, GrowingRotaryTable>();

  of({ ropeTheta, ropeFactor }: LayerAttention, headDim: number): GrowingRotaryTable {
    const key = `${ropeTheta} ${ropeFactor} ${headDim}`;
    const table = this.#tables.get(key) ?? new GrowingRotaryTable(new RotaryTable(ropeTheta, headDim, ropeFactor));
    this.#tables.set(key, table);
    return table;
  }
}
