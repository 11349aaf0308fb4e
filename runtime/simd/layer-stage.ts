import type { LayerStage, LayerStageOptions, RowGroup } from "../engine.ts";
import { InferenceError } from "../errors.ts";
import type { RotaryTable } from "../rotary-table.ts";
import { checkRowGroups, type RowLimits } from "../row-groups.ts";
import { type Batch, type BatchGroup, type BoundStep, bindStep, type Places } from "./bind.ts";
import { KvPages, type KvShape, pageTableBytes } from "./kv-pages.ts";
import { attentionScratchBytes, kvLayerBytes, PAGE_TOKENS } from "./layout.ts";
import { MemoryPlan } from "./memory.ts";
import { placeBuffers, placeWeights } from "./placement.ts";
import type { Step } from "./program.ts";
import { placeRotaryTables } from "./rotary-places.ts";
import { RowViews } from "./row-views.ts";
import { cacheBits, type SimdSettings } from "./settings.ts";
import { compileStage, type StageProgram } from "./stage-program.ts";
import { loadWeights, stagingBytes } from "./weight-loader.ts";

/** A program bound to memory, with views of its ends. */
interface BoundProgram {
  readonly input: RowViews;
  readonly output: RowViews;
  readonly steps: readonly BoundStep[];
}

/** Compiles the layers' graphs, plans one memory for all of them and streams the weights in. */
export async function loadLayerStage(options: LayerStageOptions, settings: SimdSettings): Promise<LayerStage> {
  const { manifest, source, maxRows } = options;
  const { hiddenSize, maxPositionEmbeddings } = manifest.architecture;
  const shards = manifest.layers.slice(options.firstLayer, options.firstLayer + options.layerCount);
  const normShards = options.finalNorm ? [manifest.finalNorm] : [];
  const layers = await compileStage(source, shards, hiddenSize);
  const programs = [layers];
  if (options.finalNorm) programs.push(await compileStage(source, normShards, hiddenSize));

  const { attention } = layers;
  const kvBits = cacheBits(settings);
  const pageBytes = attention.layers * kvLayerBytes(attention.kvHeads, attention.headDim, kvBits);
  const kvShape: KvShape = {
    pages: Math.ceil(options.kvTokens / PAGE_TOKENS),
    pageBytes,
    contextTokens: maxPositionEmbeddings,
  };

  const plan = new MemoryPlan();
  const weights = placeWeights(plan, programs);
  const staging = plan.beginStaging(stagingBytes([...weights.matrices.keys()]));
  const pageTables = plan.reserve("tables", pageTableBytes(kvShape));
  const rotary = placeRotaryTables(plan, options, attention.headDim);
  const pages = plan.reserve("kv", kvShape.pages * pageBytes);
  const scratch = plan.reserve("scratch", attentionScratchBytes(attention.heads, attention.headDim, kvBits));
  const sized = programs.map((program) => ({ program, maxRows }));
  const buffers = placeBuffers(plan, sized, settings.activations);

  const memory = plan.create();
  const kernels = settings.kernels(memory);
  const files = [...shards, ...normShards].flatMap(({ data }) => data);
  await loadWeights({ source, files, places: weights, memory, kernels, staging });
  // What staging left behind must not be taken for keys and values.
  new Uint8Array(memory.buffer, staging).fill(0);

  const places: Places = { buffers, ...weights, rotary: rotary.byLayer, attention: { kvBits, scratch }, ids: 0 };
  const bind = ({ input, output, steps }: StageProgram): BoundProgram => ({
    input: new RowViews(memory, buffers.get(input)!, hiddenSize),
    output: new RowViews(memory, buffers.get(output)!, hiddenSize),
    steps: observedSteps(steps, settings).map((step) => {
      const bound = bindStep(step, kernels, places, settings.activations);
      const { onProductInput } = settings;
      if (onProductInput === undefined || step.op !== "quantizeActivations") return bound;
      const { x } = step;
      const views = new RowViews(memory, buffers.get(x)!, x.columns);
      return (batch: Batch) => {
        onProductInput(x.name, views.rows(batch.rows));
        bound(batch);
      };
    }),
  });
  const [boundLayers, finalNorm] = programs.map(bind);
  return new SimdLayerStage({
    memory,
    layers: boundLayers!,
    finalNorm: finalNorm ?? null,
    kv: new KvPages(kvShape, memory, pageTables, pages),
    rotary: rotary.tables.map(({ table, place }) => ({
      table,
      cosines: new RowViews(memory, place.cosines, table.width),
      sines: new RowViews(memory, place.sines, table.width),
    })),
    maxRows,
  });
}

/** The steps as far as they are wanted. */
function observedSteps(steps: readonly Step[], { lastProductInput }: SimdSettings): readonly Step[] {
  if (lastProductInput === undefined) return steps;
  const last = steps.findIndex((step) => step.op === "quantizeActivations" && step.x.name === lastProductInput);
  if (last < 0) throw new InferenceError("internal", `no product takes rows named ${lastProductInput}`);
  return steps.slice(0, last + 1);
}

interface StageParts {
  readonly memory: WebAssembly.Memory;
  readonly layers: BoundProgram;
  readonly finalNorm: BoundProgram | null;
  readonly kv: KvPages;
  readonly rotary: readonly RotaryViews[];
  readonly maxRows: number;
}

/** The tables of one rotary embedding, filled for the rows of each call. */
interface RotaryViews {
  readonly table: RotaryTable;
  readonly cosines: RowViews;
  readonly sines: RowViews;
}

class SimdLayerStage implements LayerStage {
  readonly #parts: StageParts;
  readonly #limits: RowLimits;
  /** The groups of the current call; they and the rest are kept, so that a call makes none. */
  readonly #groups: BatchGroup[] = [];
  readonly #spareGroups: BatchGroup[] = [];
  readonly #batch: Batch = { rows: 0, groups: this.#groups };

  constructor(parts: StageParts) {
    this.#parts = parts;
    const { kv, layers, maxRows } = parts;
    this.#limits = { maxRows, hiddenSize: layers.input.columns, sessionTokens: (slot) => kv.tokens(slot) };
  }

  get memoryBytes(): number {
    return this.#parts.memory.buffer.byteLength;
  }

  get freeKvTokens(): number {
    return this.#parts.kv.freeTokens;
  }

  openSession(): number {
    return this.#parts.kv.open();
  }

  closeSession(slot: number): void {
    this.#parts.kv.close(slot);
  }

  sessionTokens(slot: number): number {
    return this.#parts.kv.tokens(slot);
  }

  truncate(slot: number, tokens: number): void {
    this.#parts.kv.truncate(slot, tokens);
  }

  async forward(groups: readonly RowGroup[], hidden: Float32Array): Promise<Float32Array> {
    const { kv, layers } = this.#parts;
    checkRowGroups(groups, hidden, this.#limits);
    this.#reserve(groups);
    try {
      const rows = this.#run(layers, hidden);
      for (const group of groups) kv.commit(group.slot, group.rows);
      return rows;
    } finally {
      // Gives back what a failed run took; a no-op after a good one.
      for (const { slot } of groups) kv.release(slot);
    }
  }

  async finalNormRows(hidden: Float32Array): Promise<Float32Array> {
    const { finalNorm, maxRows } = this.#parts;
    if (finalNorm === null) throw new InferenceError("internal", "this stage was loaded without the final norm");
    const rows = hidden.length / finalNorm.input.columns;
    if (!Number.isInteger(rows) || rows > maxRows)
      throw new InferenceError(
        "internal",
        `${hidden.length} values are not up to ${maxRows} rows of ${finalNorm.input.columns}`,
      );
    return this.#run(finalNorm, hidden);
  }

  /** Takes the KV pages of checked groups and fills the rotary tables; an error leaves every session as it was. */
  #reserve(groups: readonly RowGroup[]): void {
    const { kv, rotary, maxRows } = this.#parts;
    while (this.#groups.length > groups.length) this.#spareGroups.push(this.#groups.pop()!);
    while (this.#groups.length < groups.length)
      this.#groups.push(this.#spareGroups.pop() ?? { pageTable: 0, position: 0, firstRow: 0, rows: 0 });
    let firstRow = 0;
    try {
      for (let index = 0; index < groups.length; index++) {
        const { slot, position, rows } = groups[index]!;
        kv.reserve(slot, rows);
        for (const { table, cosines, sines } of rotary)
          table.fill(position, rows, cosines.rows(maxRows), sines.rows(maxRows), firstRow);
        const placed = this.#groups[index]!;
        placed.pageTable = kv.table(slot);
        placed.position = position;
        placed.firstRow = firstRow;
        placed.rows = rows;
        firstRow += rows;
      }
    } catch (error) {
      for (const { slot } of groups) kv.release(slot);
      throw error;
    }
  }

  #run({ input, output, steps }: BoundProgram, hidden: Float32Array): Float32Array {
    const rows = hidden.length / input.columns;
    input.rows(rows).set(hidden);
    this.#batch.rows = rows;
    for (const step of steps) step(this.#batch);
    return output.rows(rows);
  }
}
