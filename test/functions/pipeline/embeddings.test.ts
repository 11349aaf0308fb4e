import { expect, test } from "vitest";
import { EMBEDDING_CACHE_BYTES, Embeddings } from "../../../functions/pipeline/embeddings.ts";
import type { Topology } from "../../../functions/pipeline/topology.ts";

const HIDDEN = 1024;
const SPLIT = 3000;

/** Two shards whose rows hold their ids, and a list of what they were asked. */
function shardsOf() {
  const asked: number[][] = [];
  const topology = {
    hiddenSize: HIDDEN,
    shards: [
      { firstShard: 0, shardCount: 1, firstRow: 0, rows: SPLIT },
      { firstShard: 1, shardCount: 1, firstRow: SPLIT, rows: SPLIT },
    ],
  } as unknown as Topology;
  const embeddings = new Embeddings(topology, async (shard, ids) => {
    for (const id of ids) if (Math.floor(id / SPLIT) !== shard) throw new Error(`${id} is not in shard ${shard}`);
    asked.push([...ids]);
    return Float32Array.from({ length: ids.length * HIDDEN }, (_, value) => ids[Math.floor(value / HIDDEN)]!);
  });
  return { embeddings, asked };
}

const firstValues = (rows: Float32Array) =>
  Array.from({ length: rows.length / HIDDEN }, (_, row) => rows[row * HIDDEN]);

test("every id gets its row from the shard that owns it, asked for once", async () => {
  const { embeddings, asked } = shardsOf();
  const ids = [5, SPLIT, 5, SPLIT - 1, 2 * SPLIT - 1];
  expect(firstValues(await embeddings.rows(ids))).toEqual(ids);
  expect(asked).toEqual([
    [5, SPLIT - 1],
    [SPLIT, 2 * SPLIT - 1],
  ]);
  expect(firstValues(await embeddings.rows([SPLIT, 7]))).toEqual([SPLIT, 7]);
  expect(asked.slice(2)).toEqual([[7]]);
});

test("the cache stays within its bytes; what was not used for longest goes first", async () => {
  const { embeddings, asked } = shardsOf();
  const capacity = EMBEDDING_CACHE_BYTES / (HIDDEN * 4);
  await embeddings.rows([1]);
  await embeddings.rows([2]);
  for (let id = 3; id <= capacity; id++) await embeddings.rows([id]);
  await embeddings.rows([1]);
  expect(embeddings.cachedBytes).toBe(EMBEDDING_CACHE_BYTES);
  await embeddings.rows([SPLIT]);
  expect(embeddings.cachedBytes).toBe(EMBEDDING_CACHE_BYTES);
  asked.length = 0;
  await embeddings.rows([1]);
  await embeddings.rows([2]);
  expect(asked).toEqual([[2]]);
});
