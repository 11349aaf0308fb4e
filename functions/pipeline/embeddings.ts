import type { Topology } from "./topology.ts";

/** Ordinary text repeats its tokens: the cache saves most of them the way to a vocabulary shard. */
export const EMBEDDING_CACHE_BYTES = 8 * 1024 * 1024;

/** Asks a vocabulary shard for the rows of ids that lie in it. */
export type AskShard = (shard: number, ids: Uint32Array) => Promise<Float32Array>;

/** Embedding rows, from a bounded cache (least recently used first out) or the shards that own them. */
export class Embeddings {
  readonly #topology: Topology;
  readonly #ask: AskShard;
  readonly #cache = new Map<number, Float32Array>();

  constructor(topology: Topology, ask: AskShard) {
    this.#topology = topology;
    this.#ask = ask;
  }

  get cachedBytes(): number {
    return this.#cache.size * this.#rowBytes;
  }

  /** Rows [ids.length, hiddenSize]; at most `chunkRows` ids, all of them in the vocabulary. */
  async rows(ids: readonly number[]): Promise<Float32Array> {
    const { hiddenSize } = this.#topology;
    const found = new Map<number, Float32Array>();
    for (const id of ids) {
      const cached = this.#cache.get(id);
      if (cached !== undefined) found.set(id, cached);
    }
    const missing = [...new Set(ids)].filter((id) => !found.has(id));
    if (missing.length > 0) await this.#find(missing, found);
    const hidden = new Float32Array(ids.length * hiddenSize);
    for (const [index, id] of ids.entries()) hidden.set(found.get(id)!, index * hiddenSize);
    this.#remember(found);
    return hidden;
  }

  /** Adds the rows of `ids` to `found`. */
  async #find(ids: readonly number[], found: Map<number, Float32Array>): Promise<void> {
    const { hiddenSize, shards } = this.#topology;
    await Promise.all(
      shards.map(async ({ firstRow, rows }, shard) => {
        const owned = Uint32Array.from(ids.filter((id) => id >= firstRow && id < firstRow + rows));
        if (owned.length === 0) return;
        const answer = await this.#ask(shard, owned);
        for (const [index, id] of owned.entries())
          found.set(id, answer.slice(index * hiddenSize, (index + 1) * hiddenSize));
      }),
    );
  }

  #remember(rows: ReadonlyMap<number, Float32Array>): void {
    for (const [id, row] of rows) {
      this.#cache.delete(id);
      this.#cache.set(id, row);
    }
    for (const id of this.#cache.keys()) {
      if (this.cachedBytes <= EMBEDDING_CACHE_BYTES) return;
      this.#cache.delete(id);
    }
  }

  get #rowBytes(): number {
    return this.#topology.hiddenSize * Float32Array.BYTES_PER_ELEMENT;
  }
}
