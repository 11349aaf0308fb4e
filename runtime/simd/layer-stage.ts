import type { LayerStage, LayerStageOptions, RowGroup } from "../engine.ts";
import { InferenceError } from "../errors.ts";
import { checkRowGroups, type RowLimits } from "../row-groups.ts";
import type { StageHelpers } from "../stage-helper.ts";
import { type Batch, bindStep } from "./bind.ts";
import { HelperCalls } from "./helper-calls.ts";
import type { Step } from "./program.ts";
import { RowViews } from "./row-views.ts";
import type { SimdSettings } from "./settings.ts";
import { filesOf, leaderProgram } from "./split-program.ts";
import { StageBatch } from "./stage-batch.ts";
import { loadStageMemory, type StageMemory } from "./stage-memory.ts";
import { compileStage, type StageProgram } from "./stage-program.ts";

/** A program bound to memory, with views of its ends. */
interface BoundProgram {
  readonly input: RowViews;
  readonly output: RowViews;
  readonly steps: readonly StageStep[];
}

/** Most steps are done when they return; one that waits for a stage's helpers gives a promise. */
type StageStep = (batch: Batch) => void | Promise<void>;

/** Compiles the layers' graphs, plans one memory for all of them and streams the weights in. */
export async function loadLayerStage(options: LayerStageOptions, settings: SimdSettings): Promise<LayerStage> {
  const { manifest, source, maxRows, split } = options;
  const { hiddenSize } = manifest.architecture;
  const shards = manifest.layers.slice(options.firstLayer, options.firstLayer + options.layerCount);
  const normShards = options.finalNorm ? [manifest.finalNorm] : [];
  const whole = await compileStage(source, shards, hiddenSize);
  const layers = split ? leaderProgram(whole, manifest.architecture, split.parts) : whole;
  const programs: StageProgram<Step>[] = [layers];
  if (options.finalNorm) programs.push(await compileStage(source, normShards, hiddenSize));

  const allFiles = [...shards, ...normShards].flatMap(({ data }) => data);
  const files = split ? filesOf(programs, allFiles) : allFiles;
  const loaded = await loadStageMemory(options, settings, programs, layers.attention, files);
  const { memory, kernels, places } = loaded;
  const batch = new StageBatch(loaded, maxRows);
  const calls = split && new HelperCalls(split.helpers, batch);
  const bind = ({ input, output, steps }: StageProgram<Step>): BoundProgram => ({
    input: new RowViews(memory, places.buffers.get(input)!, hiddenSize),
    output: new RowViews(memory, places.buffers.get(output)!, hiddenSize),
    steps: observedSteps(steps, settings).map((step) => {
      if (step.op === "share" || step.op === "join")
        return calls!.bind(step, new RowViews(memory, places.buffers.get(step.x)!, step.x.columns));
      const bound = bindStep(step, kernels, places, settings.activations);
      const { onProductInput } = settings;
      if (onProductInput === undefined || step.op !== "quantizeActivations") return bound;
      const { x } = step;
      const views = new RowViews(memory, places.buffers.get(x)!, x.columns);
      return (batch: Batch) => {
        onProductInput(x.name, views.rows(batch.rows));
        bound(batch);
      };
    }),
  });
  const [boundLayers, finalNorm] = programs.map(bind);
  return new SimdLayerStage({
    memory: loaded,
    batch,
    helpers: split?.helpers ?? null,
    layers: boundLayers!,
    finalNorm: finalNorm ?? null,
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
  readonly memory: StageMemory;
  readonly batch: StageBatch;
  /** Null where layers are not split. */
  readonly helpers: StageHelpers | null;
  readonly layers: BoundProgram;
  readonly finalNorm: BoundProgram | null;
  readonly maxRows: number;
}

class SimdLayerStage implements LayerStage {
  readonly #parts: StageParts;
  readonly #limits: RowLimits;

  constructor(parts: StageParts) {
    this.#parts = parts;
    const { memory, layers, maxRows } = parts;
    const { kv } = memory;
    this.#limits = { maxRows, hiddenSize: layers.input.columns, sessionTokens: (slot) => kv.tokens(slot) };
  }

  get memoryBytes(): number {
    return this.#parts.memory.memory.buffer.byteLength;
  }

  get freeKvTokens(): number {
    return this.#parts.memory.kv.freeTokens;
  }

  get freeKvWindowTokens(): number | null {
    return this.#parts.memory.kv.freeWindowTokens;
  }

  openSession(): number {
    return this.#parts.memory.kv.open();
  }

  forkSession(slot: number, tokens: number): number {
    const { memory, helpers } = this.#parts;
    const forked = memory.kv.fork(slot, tokens);
    helpers?.fork(slot, tokens, forked);
    return forked;
  }

  closeSession(slot: number): void {
    const { memory, helpers } = this.#parts;
    memory.kv.close(slot);
    helpers?.close(slot);
  }

  sessionTokens(slot: number): number {
    return this.#parts.memory.kv.tokens(slot);
  }

  truncate(slot: number, tokens: number): void {
    const { memory, helpers } = this.#parts;
    const shorter = memory.kv.tokens(slot) > tokens;
    memory.kv.truncate(slot, tokens);
    if (shorter) helpers?.truncate(slot, tokens);
  }

  async forward(groups: readonly RowGroup[], hidden: Float32Array): Promise<Float32Array> {
    checkRowGroups(groups, hidden, this.#limits);
    const { batch, layers } = this.#parts;
    batch.begin(groups);
    try {
      const rows = await this.#run(layers, hidden);
      batch.commit();
      return rows;
    } finally {
      // Gives back what a failed run took; a no-op after a good one.
      batch.end();
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
    return await this.#run(finalNorm, hidden);
  }

  async #run({ input, output, steps }: BoundProgram, hidden: Float32Array): Promise<Float32Array> {
    const rows = hidden.length / input.columns;
    input.rows(rows).set(hidden);
    const batch = this.#parts.batch.of(rows);
    for (const step of steps) {
      const waiting = step(batch);
      if (waiting !== undefined) await waiting;
    }
    return output.rows(rows);
  }
}
