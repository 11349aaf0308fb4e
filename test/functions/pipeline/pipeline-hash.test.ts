import { expect, test } from "vitest";
import { hashPipeline, type Topology } from "../../../functions/pipeline/topology.ts";

const topology: Topology = {
  manifestHash: "ab".repeat(32),
  engine: { name: "simd", version: "simd-1/a8", activations: 8, kvBits: 16 },
  hiddenSize: 64,
  layerParts: 1,
  rowLimitMs: 100,
  stages: [
    { firstLayer: 0, layerCount: 2 },
    { firstLayer: 2, layerCount: 2 },
  ],
  shards: [{ firstShard: 0, shardCount: 2, firstRow: 0, rows: 2048 }],
  replicas: 1,
  chunkRows: 128,
  kvTokens: 1024,
  kvWindowTokens: 1024,
  window: null,
  prefixTokens: 8192,
  maxSessions: 16,
  hopMs: 0,
  strict: false,
};

test("whatever may change a bit or a frame's meaning changes the hash", async () => {
  const variants: Topology[] = [
    topology,
    { ...topology, manifestHash: "cd".repeat(32) },
    { ...topology, engine: { ...topology.engine, version: "simd-2/a8" } },
    { ...topology, engine: { ...topology.engine, name: "ort" } },
    { ...topology, engine: { ...topology.engine, activations: 16 } },
    { ...topology, engine: { ...topology.engine, kvBits: 8 } },
    { ...topology, layerParts: 2 },
    { ...topology, stages: [{ firstLayer: 0, layerCount: 4 }] },
    { ...topology, shards: [{ firstShard: 0, shardCount: 1, firstRow: 0, rows: 1024 }] },
  ];
  const hashes = await Promise.all(variants.map(hashPipeline));
  expect(new Set(hashes).size).toBe(variants.length);
  for (const hash of hashes) expect(hash).toMatch(/^[0-9a-f]{64}$/);
});

test("replicas, chunks and room for sessions do not", async () => {
  const other = { ...topology, replicas: 3, chunkRows: 5, kvTokens: 64, prefixTokens: 0, maxSessions: 1 };
  expect(await hashPipeline(other)).toBe(await hashPipeline(topology));
});
