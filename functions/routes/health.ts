import { Hono } from "hono";
import { deployedModel } from "../model.ts";
import { readGatewaySettings, readPipelineSettings } from "../settings.ts";
import type { GatewayTypes } from "./context.ts";
import { systemFingerprint } from "./reply.ts";

/** GET /health: the configuration is complete and the model's manifest readable. Needs no key and wakes no object. */
export const health = new Hono<GatewayTypes>().get("/health", async (c) => {
  readGatewaySettings(c.env);
  const settings = readPipelineSettings(c.env);
  const model = await deployedModel(c.env);
  return c.json({ status: "ok", model: model.manifest.name, system_fingerprint: systemFingerprint(model, settings) });
});
