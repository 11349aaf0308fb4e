import { Hono } from "hono";
import { failureError } from "../../errors.ts";
import { deployedModel } from "../../model.ts";
import { conductorOf } from "../conductor-of.ts";
import type { GatewayTypes } from "../context.ts";
import { readinessOf } from "../readiness.ts";

/**
 * POST /admin/v1/load: has every part load its weights, as the first request after a rest would. Parts that stay without
 * work go to sleep as always. Changes no tenant, so the audit log has nothing of it.
 */
export const load = new Hono<GatewayTypes>().post("/admin/v1/load", async (c) => {
  const conductor = conductorOf(c.env, await deployedModel(c.env));
  const answer = await conductor.load();
  if (!answer.loaded) throw failureError(answer.failure);
  return c.json(readinessOf(await conductor.status()));
});
