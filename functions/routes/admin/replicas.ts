import { type Context, Hono } from "hono";
import { deployedModel } from "../../model.ts";
import type { PipelineStatus } from "../../pipeline/pipeline-status.ts";
import { replicasSchema } from "../../request/admin-requests.ts";
import { readJsonBody } from "../../request/json-body.ts";
import { validate } from "../../request/validation.ts";
import { conductorOf } from "../conductor-of.ts";
import type { GatewayTypes } from "../context.ts";
import { audited } from "./audited.ts";
import { replicaReply } from "./replica-reply.ts";

const PATH = "/admin/v1/replicas";

/** How many replicas of each stage serve, and how they are; a change acts on the next session, and ends none. */
export const replicas = new Hono<GatewayTypes>()
  .get(PATH, async (c) => c.json(replyOf(await (await conductor(c)).status())))
  .patch(PATH, async (c) => {
    const change = validate(replicasSchema, await readJsonBody(c.req.raw));
    return audited(c, null, change, async () => c.json(replyOf(await (await conductor(c)).resize(change.replicas))));
  });

const conductor = async (c: Context<GatewayTypes>) => conductorOf(c.env, await deployedModel(c.env));

function replyOf({ replicas, stages }: PipelineStatus) {
  return {
    replicas,
    stages: stages.map(({ firstLayer, layerCount, replicas }) => ({
      firstLayer,
      layerCount,
      replicas: replicas.map(replicaReply),
    })),
  };
}
