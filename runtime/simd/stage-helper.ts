import { splitLayer } from "../../weights/layer-parts.ts";
import type { RowGroup } from "../engine.ts";
import { InferenceError } from "../errors.ts";
import { checkRowGroups, type RowLimits } from "../row-groups.ts";
import type { StageHelper, StageHelperOptions } from "../stage-helper.ts";
import { type BoundStep, bindStep } from "./bind.ts";
import { RowViews } from "./row-views.ts";
import type { SimdSettings } from "./settings.ts";
import { type Block, filesOf, splitProgram } from "./split-program.ts";
import { StageBatch } from "./stage-batch.ts";
import { loadStageMemory, type StageMemory } from "./stage-memory.ts";
import { compileStage } from "./stage-program.ts";

/** A block bound to memory, with views of its ends. */
interface BoundBlock {
  readonly input: RowViews;
  readonly output: RowViews;
  readonly steps: readonly BoundStep[];
}

/** Compiles the layers' graphs, and loads what one part of them has of their weights. */
export async function loadStageHelper(options: StageHelperOptions, settings: SimdSettings): Promise<StageHelper> {
  const { manifest, source, firstLayer, layerCount, maxRows } = options;
  const { architecture } = manifest;
  const shards = manifest.layers.slice(firstLayer, firstLayer + layerCount);
  const whole = await compileStage(source, shards, architecture.hiddenSize);
  const part = splitLayer(architecture, options.parts)[options.part]!;
  const { blocks, attention } = splitProgram(whole, architecture, part);
  const files = filesOf(
    blocks,
    shards.flatMap(({ data }) => data),
  );
  const loaded = await loadStageMemory(options, settings, blocks, attention, files);
  const { memory, kernels, places } = loaded;
  const bind = ({ input, output, steps }: Block): BoundBlock => ({
    input: new RowViews(memory, places.buffers.get(input)!, input.columns),
    output: new RowViews(memory, places.buffers.get(output)!, output.columns),
    steps: steps.map((step) => bindStep(step, kernels, places, settings.activations)),
  });
  return new SimdStageHelper(loaded, blocks.map(bind), maxRows);
}

class SimdStageHelper implements StageHelper {
  readonly #memory: StageMemory;
  readonly #blocks: readonly BoundBlock[];
  readonly #batch: StageBatch;
  readonly #limits: RowLimits;
  /** This part's slots, by the leader's. */
  readonly #slots = new Map<number, number>();
  /** The block that comes next in the call in hand; 0 between calls. */
  #next = 0;

  constructor(memory: StageMemory, blocks: readonly BoundBlock[], maxRows: number) {
    this.#memory = memory;
    this.#blocks = blocks;
    this.#batch = new StageBatch(memory, maxRows);
    this.#limits = {
      maxRows,
      hiddenSize: blocks[0]!.input.columns,
      sessionTokens: (slot) => memory.kv.tokens(slot),
    };
  }

  get memoryBytes(): number {
    return this.#memory.memory.buffer.byteLength;
  }

  get freeKvTokens(): number {
    return this.#memory.kv.freeTokens;
  }

  get freeKvWindowTokens(): number | null {
    return this.#memory.kv.freeWindowTokens;
  }

  get sessions(): number {
    return this.#slots.size;
  }

  multiply(block: number, groups: readonly RowGroup[], rows: Float32Array): Float32Array {
    if (block === 0) this.#begin(groups, rows);
    else if (block !== this.#next)
      throw new InferenceError("internal", `block ${block} of a call, expected block ${this.#next}`);
    const { input, output, steps } = this.#blocks[block]!;
    const count = rows.length / input.columns;
    if (count !== this.#batch.rows)
      throw new InferenceError("internal", `${rows.length} values for a call of ${this.#batch.rows} rows`);
    input.rows(count).set(rows);
    const batch = this.#batch.of(count);
    for (const step of steps) step(batch);
    this.#next = block + 1;
    if (this.#next === this.#blocks.length) {
      this.#batch.commit();
      this.#next = 0;
    }
    return output.rows(count);
  }

  fork(source: number, tokens: number, slot: number): void {
    this.#abandon();
    this.#slots.set(slot, this.#memory.kv.fork(this.#slotOf(source), tokens));
  }

  truncate(slot: number, tokens: number): void {
    this.#abandon();
    this.#memory.kv.truncate(this.#slotOf(slot), tokens);
  }

  close(slot: number): void {
    this.#abandon();
    const own = this.#slots.get(slot);
    // A session that never ran a row was never told of.
    if (own === undefined) return;
    this.#slots.delete(slot);
    this.#memory.kv.close(own);
  }

  clear(): void {
    for (const slot of [...this.#slots.keys()]) this.close(slot);
  }

  #begin(groups: readonly RowGroup[], rows: Float32Array): void {
    this.#abandon();
    const opened: number[] = [];
    try {
      for (const { slot, position } of groups)
        if (position === 0 && !this.#slots.has(slot)) {
          this.#slots.set(slot, this.#memory.kv.open());
          opened.push(slot);
        }
      const own = groups.map((group) => ({ ...group, slot: this.#slotOf(group.slot) }));
      checkRowGroups(own, rows, this.#limits);
      this.#batch.begin(own);
    } catch (error) {
      for (const slot of opened) this.close(slot);
      throw error;
    }
  }

  /** The leader gave up the call in hand. */
  #abandon(): void {
    if (this.#next !== 0) this.#batch.end();
    this.#next = 0;
  }

  #slotOf(slot: number): number {
    const own = this.#slots.get(slot);
    if (own === undefined) throw new InferenceError("position_gap", `this helper knows no session ${slot}`);
    return own;
  }
}
