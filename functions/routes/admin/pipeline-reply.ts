import type { PartReport } from "../../pipeline/assignment.ts";
import type { ConductorStatus } from "../../pipeline/pipeline-status.ts";
import { replicaReply } from "./replica-reply.ts";

/** What operators, and developers on their own machine, are told of a pipeline. */
export function pipelineReply({
  engine,
  running,
  paused,
  waiting,
  hopMs,
  memoryBytes,
  stages,
  shards,
}: ConductorStatus) {
  return {
    ...{ engine, running, paused, waiting, hopMs, memoryBytes },
    stages: stages.map(({ firstLayer, layerCount, replicas }) => ({
      ...{ firstLayer, layerCount },
      replicas: replicas.map((replica) => ({
        ...replicaReply(replica),
        memoryBytes: replica.memoryBytes,
        helpers: replica.helpers.map(partOf),
      })),
    })),
    vocabularyShards: shards.map(({ firstRow, rows, ...part }) => ({ firstRow, rows, ...partOf(part) })),
  };
}

const partOf = ({ state, memoryBytes }: Pick<PartReport, "state" | "memoryBytes">) => ({ state, memoryBytes });
