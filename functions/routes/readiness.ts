import type { PipelineStatus } from "../pipeline/pipeline-status.ts";

/**
 * What of the model is loaded, as callers see it: `ready` when an answer could begin at once, which takes a loaded replica
 * of every stage and every vocabulary shard.
 */
export function readinessOf({ stages, shards }: PipelineStatus) {
  const isReady = ({ state }: { state: string }) => state === "ready";
  const replicas = stages.flatMap(({ replicas }, stage) =>
    replicas.map(({ state }, replica) => ({ stage, replica, state })),
  );
  const vocabularyShards = shards.map(({ state }, shard) => ({ shard, state }));
  const parts = [...replicas, ...vocabularyShards];
  const ready = stages.every(({ replicas }) => replicas.some(isReady)) && vocabularyShards.every(isReady);
  return {
    status: ready ? ("ready" as const) : ("not_ready" as const),
    parts: { ready: parts.filter(isReady).length, total: parts.length },
    stages: replicas,
    vocabulary_shards: vocabularyShards,
  };
}
