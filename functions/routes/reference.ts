import { Hono } from "hono";
import { openApiDocument } from "../openapi/document.ts";
import { stylePolicy } from "../pages/content-policy.ts";
import { REFERENCE_STYLE, referencePage } from "../pages/reference-page.ts";
import type { GatewayTypes } from "./context.ts";

const PUBLIC = { "cache-control": "public, max-age=300", "access-control-allow-origin": "*" };

/** GET /openapi.json, and the same to read at GET /docs: public, since they say nothing of a deployment. */
export const reference = new Hono<GatewayTypes>()
  .get("/openapi.json", (c) => c.json(openApiDocument(), 200, PUBLIC))
  .get("/docs", (c) =>
    c.html(referencePage(), 200, {
      "cache-control": PUBLIC["cache-control"],
      "content-security-policy": stylePolicy(REFERENCE_STYLE),
    }),
  );
