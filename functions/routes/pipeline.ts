import { Hono } from "hono";
import { deployedModel } from "../model.ts";
import { readGatewaySettings } from "../settings.ts";
import { pipelineReply } from "./admin/pipeline-reply.ts";
import { admit } from "./admission.ts";
import { authenticate } from "./authenticate.ts";
import { conductorOf } from "./conductor-of.ts";
import type { GatewayTypes } from "./context.ts";
import { notFound } from "./not-found.ts";

/**
 * GET /v1/pipeline: the whole pipeline, in development alone. Elsewhere there is nothing here, since it would show every
 * tenant how busy the others are. Counts as one request.
 */
export const pipeline = new Hono<GatewayTypes>().get("/v1/pipeline", authenticate, async (c) => {
  if (!readGatewaySettings(c.env).development) throw notFound(c.req.path);
  const { headers } = await admit(c.env, c.get("key"));
  const status = await conductorOf(c.env, await deployedModel(c.env)).status();
  return c.json(pipelineReply(status), 200, { ...headers, "cache-control": "no-store" });
});
