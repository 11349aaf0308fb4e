import type { VocabularyOptions, VocabularyShard } from "../engine.ts";
import { InferenceError } from "../errors.ts";
import { selectFromLogits } from "../sampling/select.ts";
import type { Selection, ShardSelection } from "../sampling/selection.ts";
import { ShardSession } from "./shard-session.ts";

/** One range of the table: its two graphs. */
interface TablePart {
  readonly firstRow: number;
  readonly rows: number;
  readonly embed: ShardSession;
  readonly head: ShardSession;
}

/** Opens two onnxruntime sessions a table shard. */
export async function loadVocabularyShard(
  { manifest, source, firstShard, shardCount, maxRows, maxLogitRows = maxRows }: VocabularyOptions,
  wasmModule: WebAssembly.Module,
): Promise<VocabularyShard> {
  const parts: TablePart[] = [];
  for (const shard of manifest.table.shards.slice(firstShard, firstShard + shardCount)) {
    const { firstRow, rows, data } = shard;
    const embed = await ShardSession.open(wasmModule, source, shard.embed, data);
    parts.push({ firstRow, rows, embed, head: await ShardSession.open(wasmModule, source, shard.head, data) });
  }
  return new OrtVocabularyShard(parts, manifest.architecture.hiddenSize, maxRows, maxLogitRows);
}

class OrtVocabularyShard implements VocabularyShard {
  readonly firstRow: number;
  readonly rows: number;
  readonly #parts: readonly TablePart[];
  readonly #hiddenSize: number;
  readonly #maxRows: number;
  readonly #maxLogitRows: number;

  constructor(parts: readonly TablePart[], hiddenSize: number, maxRows: number, maxLogitRows: number) {
    this.#parts = parts;
    this.#hiddenSize = hiddenSize;
    this.#maxRows = maxRows;
    this.#maxLogitRows = maxLogitRows;
    this.firstRow = parts[0]!.firstRow;
    this.rows = parts.reduce((sum, { rows }) => sum + rows, 0);
  }

  get memoryBytes(): number {
    return this.#parts.reduce((sum, { embed, head }) => sum + embed.bytes + head.bytes, 0);
  }

  async embed(ids: Uint32Array): Promise<Float32Array> {
    if (ids.length > this.#maxRows)
      throw new InferenceError(
        "out_of_capacity",
        `${ids.length} ids in one call, the shard was loaded for ${this.#maxRows}`,
      );
    const hiddenSize = this.#hiddenSize;
    const result = new Float32Array(ids.length * hiddenSize);
    for (const id of ids)
      if (id < this.firstRow || id >= this.firstRow + this.rows)
        throw new InferenceError(
          "internal",
          `token id ${id} is not in ${this.firstRow} … ${this.firstRow + this.rows - 1}`,
        );
    for (const { firstRow, rows, embed } of this.#parts) {
      const places = [...ids.keys()].filter((i) => ids[i]! >= firstRow && ids[i]! < firstRow + rows);
      if (places.length === 0) continue;
      const local = places.map((place) => ids[place]! - firstRow);
      const { type } = embed.graph.inputs.get(embed.input)!;
      const outputs = await embed.run({ [embed.input]: embed.integers(local, type, [1, local.length]) });
      const embedded = outputs(embed.output);
      for (const [index, place] of places.entries())
        result.set(embedded.subarray(index * hiddenSize, (index + 1) * hiddenSize), place * hiddenSize);
    }
    return result;
  }

  async logits(hidden: Float32Array): Promise<Float32Array> {
    const rows = hidden.length / this.#hiddenSize;
    if (!Number.isInteger(rows))
      throw new InferenceError("internal", `${hidden.length} values are not rows of ${this.#hiddenSize}`);
    if (rows > this.#maxLogitRows)
      throw new InferenceError(
        "out_of_capacity",
        `logits of ${rows} rows, the shard was loaded for ${this.#maxLogitRows}`,
      );
    const result = new Float32Array(rows * this.rows);
    for (const { firstRow, rows: columns, head } of this.#parts) {
      const outputs = await head.run({ [head.input]: head.floats(hidden.slice(), [1, rows, this.#hiddenSize]) });
      const logits = outputs(head.output);
      for (let row = 0; row < rows; row++)
        result.set(logits.subarray(row * columns, (row + 1) * columns), row * this.rows + firstRow - this.firstRow);
    }
    return result;
  }

  async select(hidden: Float32Array, selections: readonly Selection[]): Promise<ShardSelection[]> {
    const hiddenSize = this.#hiddenSize;
    if (hidden.length !== selections.length * hiddenSize)
      throw new InferenceError(
        "internal",
        `${selections.length} selections for ${hidden.length / hiddenSize} hidden rows`,
      );
    const answers: ShardSelection[] = [];
    for (const [row, selection] of selections.entries()) {
      const logits = await this.logits(hidden.subarray(row * hiddenSize, (row + 1) * hiddenSize));
      answers.push(selectFromLogits(logits, this.firstRow, selection));
    }
    return answers;
  }
}
