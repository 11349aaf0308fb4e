import { Hono } from "hono";
import { deployedModel } from "../../model.ts";
import { conductorOf } from "../conductor-of.ts";
import type { GatewayTypes } from "../context.ts";
import { pipelineReply } from "./pipeline-reply.ts";

/** GET /admin/v1/pipeline: every part with its state and bytes, and what the pipeline holds. Wakes none of the parts. */
export const pipeline = new Hono<GatewayTypes>().get("/admin/v1/pipeline", async (c) =>
  c.json(pipelineReply(await conductorOf(c.env, await deployedModel(c.env)).status())),
);
