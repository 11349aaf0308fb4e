import type { Manifest } from "../weights/manifest.ts";
import type { Engine, LayerStage, VocabularyShard } from "./engine.ts";
import { InferenceError } from "./errors.ts";
import { type LocalParts, LocalPipeline } from "./local-pipeline.ts";
import { fewestStages } from "./local-stages.ts";
import type { ModelSource } from "./model-source.ts";
import { LocalHelpers, type StageHelper } from "./stage-helper.ts";

export interface LocalModelOptions {
  readonly manifest: Manifest;
  readonly source: ModelSource;
  readonly engine: Engine;
  /** Layers of each stage in turn (default: the fewest stages whose memories WASM can address). */
  readonly stages?: readonly number[];
  /** Parts that each layer is split into (default 1), one of them leading; part of the bits of every answer. */
  readonly layerParts?: number;
  /** Table shards of each vocabulary shard in turn (default: one). */
  readonly vocabularyShards?: readonly number[];
  /** KV tokens of each stage, over all sessions (default: one full context). */
  readonly kvTokens?: number;
  /** Rows fed at once (default 64). */
  readonly chunkRows?: number;
}

const DEFAULT_CHUNK_ROWS = 64;
/** Logits held at once: rows · vocabulary stays near this. */
const LOGIT_VALUES = 1 << 20;

/** A model folder loaded into this process, cut as wanted; every cut gives the same bits. */
export class LocalModel {
  readonly manifest: Manifest;
  readonly parts: LocalParts;
  readonly #helpers: readonly StageHelper[];
  readonly #logitRows: number;

  private constructor(manifest: Manifest, parts: LocalParts, helpers: readonly StageHelper[], logitRows: number) {
    this.manifest = manifest;
    this.parts = parts;
    this.#helpers = helpers;
    this.#logitRows = logitRows;
  }

  /** Loads all parts, one after another. */
  static async open({ manifest, source, engine, ...options }: LocalModelOptions): Promise<LocalModel> {
    const { architecture } = manifest;
    const maxRows = options.chunkRows ?? DEFAULT_CHUNK_ROWS;
    const maxLogitRows = Math.max(1, Math.min(maxRows, Math.floor(LOGIT_VALUES / architecture.vocabSize)));
    const kvTokens = options.kvTokens ?? architecture.maxPositionEmbeddings;
    const { layerParts = 1 } = options;
    const stages: LayerStage[] = [];
    const helpers: StageHelper[] = [];
    const load = { kvTokens, maxRows, layerParts, kvBits: engine.kvBits };
    const stageCuts = cut("layers", options.stages ?? fewestStages(manifest, load), manifest.layers.length);
    for (const [index, [firstLayer, layerCount]] of stageCuts.entries()) {
      const finalNorm = index === stageCuts.length - 1;
      const shared = { manifest, source, firstLayer, layerCount, kvTokens, maxRows };
      const own: StageHelper[] = [];
      for (let part = 1; part < layerParts; part++)
        own.push(await engine.loadHelper({ ...shared, parts: layerParts, part }));
      const split = layerParts > 1 && { split: { parts: layerParts, helpers: new LocalHelpers(own) } };
      stages.push(await engine.loadLayers({ ...shared, finalNorm, ...split }));
      helpers.push(...own);
    }
    const shards: VocabularyShard[] = [];
    const tableShards = manifest.table.shards.length;
    for (const [firstShard, shardCount] of cut("table shards", options.vocabularyShards ?? [tableShards], tableShards))
      shards.push(await engine.loadVocabulary({ manifest, source, firstShard, shardCount, maxRows, maxLogitRows }));
    const parts: LocalParts = { stages, shards, hiddenSize: architecture.hiddenSize, chunkRows: maxRows };
    return new LocalModel(manifest, parts, helpers, maxLogitRows);
  }

  get memoryBytes(): number {
    return [...this.parts.stages, ...this.#helpers, ...this.parts.shards].reduce(
      (sum, { memoryBytes }) => sum + memoryBytes,
      0,
    );
  }

  /** A session of its own. Sessions of one model may take turns, a call must end before the next one begins. */
  openSession(): LocalPipeline {
    return new LocalPipeline(this.parts);
  }

  /** Logits [some positions, vocabulary] of a prompt, in order of position; each valid until the next one is asked for. */
  async *logits(ids: readonly number[]): AsyncGenerator<Float32Array, void, void> {
    const { stages, shards, hiddenSize } = this.parts;
    const { vocabSize } = this.manifest.architecture;
    const session = this.openSession();
    try {
      for await (const hidden of session.hiddenRows(ids, 0)) {
        const normed = (await stages.at(-1)!.finalNormRows(hidden)).slice();
        const rows = normed.length / hiddenSize;
        for (let row = 0; row < rows; row += this.#logitRows) {
          const count = Math.min(this.#logitRows, rows - row);
          const logits = new Float32Array(count * vocabSize);
          for (const shard of shards) {
            const part = await shard.logits(normed.subarray(row * hiddenSize, (row + count) * hiddenSize));
            for (let i = 0; i < count; i++)
              logits.set(part.subarray(i * shard.rows, (i + 1) * shard.rows), i * vocabSize + shard.firstRow);
          }
          yield logits;
        }
      }
    } finally {
      await session.close();
    }
  }
}

/** [first, count] of each part; the counts must add up. */
function cut(what: string, counts: readonly number[], total: number): [number, number][] {
  if (counts.reduce((sum, count) => sum + count, 0) !== total)
    throw new InferenceError(
      "unsupported",
      `the model has ${total} ${what}, the parts asked for hold ${counts.join(" + ")}`,
    );
  let first = 0;
  return counts.map((count) => {
    first += count;
    return [first - count, count];
  });
}
