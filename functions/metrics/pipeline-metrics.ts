import type { PipelineStatus } from "../pipeline/pipeline-status.ts";
import type { Metric, Sample } from "./exposition.ts";

/** How the pipeline is now, as its conductor sees it. */
export function pipelineMetrics(status: PipelineStatus): Metric[] {
  const {
    kvTokens,
    kvWindowTokens,
    sessions,
    waiting,
    memoryBytes,
    embeddingCacheBytes,
    hopMs,
    prefixCache,
    stages,
    shards,
  } = status;
  const counter = (name: string, help: string, samples: readonly Sample[]): Metric => ({
    name: `lapidary_${name}`,
    type: "counter",
    help,
    samples,
  });
  const gauge = (name: string, help: string, samples: readonly Sample[]): Metric => ({
    name: `lapidary_${name}`,
    type: "gauge",
    help,
    samples,
  });
  const replicas = stages.flatMap(({ replicas: copies }, stage) =>
    copies.map((report) => ({ labels: { stage, replica: report.replica }, report })),
  );
  return [
    gauge("pipeline_sessions", "Generations that run.", [{ value: sessions }]),
    gauge("pipeline_waiting", "Generations that wait for room.", [{ value: waiting }]),
    gauge("pipeline_memory_bytes", "Memory of all parts.", [{ value: memoryBytes }]),
    gauge("embedding_cache_bytes", "Embedding rows that the conductor keeps.", [{ value: embeddingCacheBytes }]),
    gauge("prefixes", "Prompts and answers whose KV cache is kept for others.", [{ value: prefixCache.prefixes }]),
    counter("prefix_hits_total", "Generations that began with a prefix, in the conductor's life.", [
      { value: prefixCache.hits },
    ]),
    counter("prefix_tokens_total", "Tokens that they did not compute.", [{ value: prefixCache.reusedTokens }]),
    gauge("hop_seconds", "A message between parts, one way: the least lately.", [{ value: hopMs / 1000 }]),
    gauge("stage_ready", "1 when the weights are loaded.", [
      ...replicas.map(({ labels, report }) => ({ labels, value: Number(report.state === "ready") })),
    ]),
    counter("stage_restarts_total", "Times that a lost stage came back, in the conductor's life.", [
      ...replicas.map(({ labels, report }) => ({
        labels,
        value: [report, ...report.helpers].reduce((sum, { restarts }) => sum + restarts, 0),
      })),
    ]),
    gauge("stage_kv_tokens", "KV cache that each replica of a stage has.", [{ value: kvTokens }]),
    gauge("stage_kv_reserved_tokens", "KV cache promised to sessions.", [
      ...replicas.map(({ labels, report }) => ({ labels, value: report.reservedTokens })),
    ]),
    gauge("stage_kv_cached_tokens", "KV cache that prefixes hold until a session needs it.", [
      ...replicas.map(({ labels, report }) => ({ labels, value: report.cachedTokens })),
    ]),
    ...(kvWindowTokens === 0
      ? []
      : [
          gauge("stage_kv_window_tokens", "KV cache that each replica of a stage has for layers with a window.", [
            { value: kvWindowTokens },
          ]),
          gauge("stage_kv_window_reserved_tokens", "KV cache of those layers promised to sessions.", [
            ...replicas.map(({ labels, report }) => ({ labels, value: report.reservedWindowTokens })),
          ]),
          gauge("stage_kv_window_cached_tokens", "KV cache of those layers that prefixes hold.", [
            ...replicas.map(({ labels, report }) => ({ labels, value: report.cachedWindowTokens })),
          ]),
        ]),
    gauge("stage_draining", "1 when the replica takes no new sessions.", [
      ...replicas.map(({ labels, report }) => ({ labels, value: Number(report.draining) })),
    ]),
    gauge("stage_suspect", "1 when the replica failed when last heard of.", [
      ...replicas.map(({ labels, report }) => ({ labels, value: Number(report.suspect) })),
    ]),
    gauge("vocabulary_shard_ready", "1 when the weights are loaded.", [
      ...shards.map(({ state }, shard) => ({ labels: { shard }, value: Number(state === "ready") })),
    ]),
    counter("vocabulary_shard_restarts_total", "Times that a lost shard came back, in the conductor's life.", [
      ...shards.map(({ restarts }, shard) => ({ labels: { shard }, value: restarts })),
    ]),
  ];
}
