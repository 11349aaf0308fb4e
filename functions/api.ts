import { Hono } from "hono";
import { requestId } from "hono/request-id";
import { secureHeaders } from "hono/secure-headers";
import { toApiError } from "./errors.ts";
import { counted } from "./metrics/isolate-tally.ts";
import { admin } from "./routes/admin/admin.ts";
import { adminPage } from "./routes/admin-page.ts";
import { chat } from "./routes/chat.ts";
import { chatPage } from "./routes/chat-page.ts";
import { completions } from "./routes/completions.ts";
import type { GatewayTypes } from "./routes/context.ts";
import { crossOrigin } from "./routes/cross-origin.ts";
import { generations } from "./routes/generations.ts";
import { health } from "./routes/health.ts";
import { keylessShield } from "./routes/keyless-shield.ts";
import { knownHost } from "./routes/known-host.ts";
import { logFailure } from "./routes/log.ts";
import { metrics } from "./routes/metrics.ts";
import { models } from "./routes/models.ts";
import { methodNotAllowed, notFound } from "./routes/not-found.ts";
import { pageFiles } from "./routes/page-files.ts";
import { pipeline } from "./routes/pipeline.ts";
import { ready } from "./routes/ready.ts";
import { reference } from "./routes/reference.ts";
import { render } from "./routes/render.ts";
import { responses } from "./routes/responses.ts";
import { serverTiming } from "./routes/server-timing.ts";
import { tokens } from "./routes/tokens.ts";
import { usage } from "./routes/usage.ts";

const METHODS = ["GET", "POST", "PATCH", "DELETE"];

/** The HTTP API. What no route takes is a 404, and every error leaves in OpenAI's form. */
export const api = new Hono<GatewayTypes>();

api.use(counted, requestId(), secureHeaders(), knownHost, keylessShield);
api.use("/v1/*", crossOrigin, serverTiming);
for (const routes of [
  chat,
  completions,
  generations,
  responses,
  tokens,
  render,
  models,
  usage,
  pipeline,
  health,
  ready,
  metrics,
  reference,
  chatPage,
  adminPage,
  pageFiles,
  admin,
])
  api.route("/", routes);
api.notFound((c) => {
  const allowed = METHODS.filter((method) =>
    api.router.match(method, c.req.path)[0].some(([[, route]]) => route.method === method),
  );
  throw allowed.length > 0 ? methodNotAllowed(allowed) : notFound(c.req.path);
});
api.onError((error, c) => {
  const failure = toApiError(error);
  logFailure(c, failure);
  return c.json(failure.body, failure.status, failure.headers);
});
