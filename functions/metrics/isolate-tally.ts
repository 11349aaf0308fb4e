import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import { routePath } from "hono/route";
import type { Env } from "../env.ts";
import { logLine } from "../log-line.ts";
import type { GatewayTypes } from "../routes/context.ts";
import { readGatewaySettings } from "../settings.ts";
import { Tally } from "./tally.ts";

/** How often an isolate hands its counts to the directory. */
const HAND_OVER_MS = 10_000;

/** Of this isolate alone, until it is handed over. */
export const isolateTally = new Tally();
let handedOverMs = 0;

/**
 * Counts every answer. Many isolates serve a deployment and none can be asked for its counts, so each hands them to the
 * directory after some request; what an isolate saw since then is missing until its next.
 */
export const counted = createMiddleware<GatewayTypes>(async (c, next) => {
  const startMs = Date.now();
  await next();
  isolateTally.countRequest(c.req.method, routeOf(c), c.res.status);
  isolateTally.observe("request", Date.now() - startMs);
  if (Date.now() - handedOverMs < HAND_OVER_MS) return;
  handedOverMs = Date.now();
  c.executionCtx.waitUntil(handOver(c.env));
});

/** Gives the directory what this isolate counted; nothing when nobody may read it. */
export async function handOver(env: Env): Promise<void> {
  if (readGatewaySettings(env).metricsToken === undefined) return void isolateTally.take();
  const taken = isolateTally.take();
  await env.DIRECTORY.getByName("directory")
    .addCounts(taken)
    .catch((error: unknown) => {
      isolateTally.add(taken);
      logLine("error", "counts_not_handed_over", {}, error);
    });
}

/** The pattern of the route that answered, never a path: names are not for labels, and made-up paths would be endless. */
function routeOf(c: Context<GatewayTypes>): string {
  const route = routePath(c);
  return route.includes("/") && !/^(\/admin\/v1|\/v1)?\/\*$/.test(route) ? route : "none";
}
