import { Hono } from "hono";
import { deployedModel } from "../model.ts";
import type { PipelineStatus } from "../pipeline/pipeline-status.ts";
import { conductorOf } from "./conductor-of.ts";
import type { GatewayTypes } from "./context.ts";

/** Anybody may ask, so the conductor is asked at most this often by each isolate. */
const FRESH_MS = 1000;

interface Readiness {
  readonly ready: boolean;
  readonly parts: { readonly ready: number; readonly total: number };
}

let known: { readonly atMs: number; readonly readiness: Readiness } | undefined;

/**
 * GET /ready: 200 when an answer could begin at once, which takes a loaded replica of every stage and every vocabulary
 * shard; 503 otherwise. Asking loads nothing: the first request after a rest does.
 */
export const ready = new Hono<GatewayTypes>().get("/ready", async (c) => {
  if (!known || Date.now() - known.atMs >= FRESH_MS) {
    const status = await conductorOf(c.env, await deployedModel(c.env)).status();
    known = { atMs: Date.now(), readiness: readinessOf(status) };
  }
  const { ready, parts } = known.readiness;
  return c.json({ status: ready ? "ready" : "not_ready", parts }, ready ? 200 : 503, { "cache-control": "no-store" });
});

function readinessOf({ stages, shards }: PipelineStatus): Readiness {
  const isReady = ({ state }: { state: string }) => state === "ready";
  const parts = [...stages.flatMap(({ replicas }) => replicas), ...shards];
  return {
    ready: stages.every(({ replicas }) => replicas.some(isReady)) && shards.every(isReady),
    parts: { ready: parts.filter(isReady).length, total: parts.length },
  };
}
