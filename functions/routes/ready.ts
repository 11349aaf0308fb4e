import { Hono } from "hono";
import { deployedModel } from "../model.ts";
import { conductorOf } from "./conductor-of.ts";
import type { GatewayTypes } from "./context.ts";
import { readinessOf } from "./readiness.ts";

/** Anybody may ask, so the conductor is asked at most this often by each isolate. */
const FRESH_MS = 1000;

let known: { readonly atMs: number; readonly readiness: ReturnType<typeof readinessOf> } | undefined;

/**
 * GET /ready: 200 when an answer could begin at once, 503 while the next request would first have to load something. Asking
 * loads nothing, since everybody may: requests do, and POST /admin/v1/load.
 */
export const ready = new Hono<GatewayTypes>().get("/ready", async (c) => {
  if (!known || Date.now() - known.atMs >= FRESH_MS) {
    const status = await conductorOf(c.env, await deployedModel(c.env)).status();
    known = { atMs: Date.now(), readiness: readinessOf(status) };
  }
  const { readiness } = known;
  return c.json(readiness, readiness.status === "ready" ? 200 : 503, { "cache-control": "no-store" });
});
