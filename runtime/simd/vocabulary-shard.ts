import type { VocabularyOptions, VocabularyShard } from "../engine.ts";
import { InferenceError } from "../errors.ts";
import { type Ranking, selectFromLogits } from "../sampling/select.ts";
import type { Selection, ShardSelection } from "../sampling/selection.ts";
import { type BoundStep, bindStep, type Places } from "./bind.ts";
import { MemoryPlan } from "./memory.ts";
import { placeBuffers, placeWeights } from "./placement.ts";
import { createRanking, RANKING_BYTES } from "./ranking.ts";
import { RowViews } from "./row-views.ts";
import type { SimdSettings } from "./settings.ts";
import { compileTable } from "./table-program.ts";
import { loadWeights, stagingBytes } from "./weight-loader.ts";

/** Compiles the shards' graphs, plans one memory and streams the table in. */
export async function loadVocabularyShard(
  options: VocabularyOptions,
  settings: SimdSettings,
): Promise<VocabularyShard> {
  const { manifest, source, maxRows } = options;
  const maxLogitRows = options.maxLogitRows ?? maxRows;
  const shards = manifest.table.shards.slice(options.firstShard, options.firstShard + options.shardCount);
  const { table, embed, head } = await compileTable(source, shards, manifest.architecture.hiddenSize);

  const plan = new MemoryPlan();
  const weights = placeWeights(plan, [embed, head]);
  const staging = plan.beginStaging(stagingBytes([table]));
  const ids = plan.reserve("tables", maxRows * 4);
  const sized = [
    { program: embed, maxRows },
    { program: head, maxRows: maxLogitRows },
  ];
  const buffers = placeBuffers(plan, sized, settings.activations);
  const ranking = plan.reserve("scratch", RANKING_BYTES);

  const memory = plan.create();
  const kernels = settings.kernels(memory);
  const files = shards.flatMap(({ data }) => data);
  await loadWeights({ source, files, places: weights, memory, kernels, staging });

  const places: Places = { buffers, ...weights, ids, rotary: [], attention: null };
  const bind = (steps: typeof embed.steps) =>
    steps.map((step) => bindStep(step, kernels, places, settings.activations));
  return new SimdVocabularyShard({
    memory,
    firstRow: shards[0]!.firstRow,
    rows: table.outputs,
    maxRows,
    maxLogitRows,
    ids: new Uint32Array(memory.buffer, ids, maxRows),
    embedSteps: bind(embed.steps),
    embedded: new RowViews(memory, buffers.get(embed.output)!, table.columns),
    headSteps: bind(head.steps),
    hidden: new RowViews(memory, buffers.get(head.input!)!, table.columns),
    logits: new RowViews(memory, buffers.get(head.output)!, table.outputs),
    rank: createRanking(memory, kernels, ranking),
  });
}

interface VocabularyParts {
  readonly memory: WebAssembly.Memory;
  readonly firstRow: number;
  readonly rows: number;
  readonly maxRows: number;
  readonly maxLogitRows: number;
  readonly ids: Uint32Array;
  readonly embedSteps: readonly BoundStep[];
  readonly embedded: RowViews;
  readonly headSteps: readonly BoundStep[];
  readonly hidden: RowViews;
  readonly logits: RowViews;
  readonly rank: Ranking;
}

class SimdVocabularyShard implements VocabularyShard {
  readonly #parts: VocabularyParts;
  readonly #batch = { rows: 0, groups: [] };

  constructor(parts: VocabularyParts) {
    this.#parts = parts;
  }

  get memoryBytes(): number {
    return this.#parts.memory.buffer.byteLength;
  }

  get firstRow(): number {
    return this.#parts.firstRow;
  }

  get rows(): number {
    return this.#parts.rows;
  }

  async embed(ids: Uint32Array): Promise<Float32Array> {
    const { firstRow, rows, maxRows, embedSteps, embedded } = this.#parts;
    if (ids.length > maxRows)
      throw new InferenceError(
        "out_of_capacity",
        `${ids.length} ids in one call, the shard was planned for ${maxRows}`,
      );
    for (const [index, id] of ids.entries()) {
      if (id < firstRow || id >= firstRow + rows)
        throw new InferenceError("internal", `token id ${id} is not in ${firstRow} … ${firstRow + rows - 1}`);
      this.#parts.ids[index] = id - firstRow;
    }
    this.#run(embedSteps, ids.length);
    return embedded.rows(ids.length);
  }

  async logits(hidden: Float32Array): Promise<Float32Array> {
    const { maxLogitRows } = this.#parts;
    const rows = this.#countRows(hidden);
    if (rows > maxLogitRows)
      throw new InferenceError("out_of_capacity", `logits of ${rows} rows, the shard was planned for ${maxLogitRows}`);
    return this.#logits(hidden, rows);
  }

  async select(hidden: Float32Array, selections: readonly Selection[]): Promise<ShardSelection[]> {
    const { firstRow, maxLogitRows, hidden: input, rows: columns, rank } = this.#parts;
    const rows = this.#countRows(hidden);
    if (selections.length !== rows)
      throw new InferenceError("internal", `${selections.length} selections for ${rows} hidden rows`);
    const answers: ShardSelection[] = [];
    for (let row = 0; row < rows; row += maxLogitRows) {
      const count = Math.min(maxLogitRows, rows - row);
      const logits = this.#logits(hidden.subarray(row * input.columns, (row + count) * input.columns), count);
      for (let i = 0; i < count; i++)
        answers.push(
          selectFromLogits(logits.subarray(i * columns, (i + 1) * columns), firstRow, selections[row + i]!, rank),
        );
    }
    return answers;
  }

  #countRows(hidden: Float32Array): number {
    const rows = hidden.length / this.#parts.hidden.columns;
    if (!Number.isInteger(rows))
      throw new InferenceError("internal", `${hidden.length} values are not rows of ${this.#parts.hidden.columns}`);
    return rows;
  }

  #logits(hidden: Float32Array, rows: number): Float32Array {
    this.#parts.hidden.rows(rows).set(hidden);
    this.#run(this.#parts.headSteps, rows);
    return this.#parts.logits.rows(rows);
  }

  #run(steps: readonly BoundStep[], rows: number): void {
    this.#batch.rows = rows;
    for (const step of steps) step(this.#batch);
  }
}
