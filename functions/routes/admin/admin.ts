import { Hono } from "hono";
import { authenticateAdmin } from "../authenticate.ts";
import type { GatewayTypes } from "../context.ts";
import { audit } from "./audit.ts";
import { keys } from "./keys.ts";
import { load } from "./load.ts";
import { pipeline } from "./pipeline.ts";
import { replicas } from "./replicas.ts";
import { tenants } from "./tenants.ts";
import { usage } from "./usage.ts";

/** The operator's API: everything under /admin/v1 needs an admin key, paths that are nothing included. */
export const admin = new Hono<GatewayTypes>()
  .use("/admin/v1/*", authenticateAdmin, async (c, next) => {
    await next();
    c.header("cache-control", "no-store");
  })
  .route("/", tenants)
  .route("/", keys)
  .route("/", usage)
  .route("/", audit)
  .route("/", load)
  .route("/", pipeline)
  .route("/", replicas);
