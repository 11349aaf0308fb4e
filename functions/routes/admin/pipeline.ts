import { Hono } from "hono";
import { deployedModel } from "../../model.ts";
import type { PartReport } from "../../pipeline/assignment.ts";
import type { ConductorStatus } from "../../pipeline/pipeline-status.ts";
import { conductorOf } from "../conductor-of.ts";
import type { GatewayTypes } from "../context.ts";
import { replicaReply } from "./replica-reply.ts";

/** GET /admin/v1/pipeline: every part with its state and bytes, and what the pipeline holds. Wakes none of the parts. */
export const pipeline = new Hono<GatewayTypes>().get("/admin/v1/pipeline", async (c) =>
  c.json(replyOf(await conductorOf(c.env, await deployedModel(c.env)).status())),
);

function replyOf({ engine, running, paused, waiting, hopMs, memoryBytes, stages, shards }: ConductorStatus) {
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
