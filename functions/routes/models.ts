import { Hono } from "hono";
import type { Manifest } from "../../weights/manifest.ts";
import { ApiError } from "../errors.ts";
import { deployedModel, modelNamed } from "../model.ts";
import { admit } from "./admission.ts";
import { isAllowed, requireAllowed } from "./allowed-model.ts";
import { authenticate } from "./authenticate.ts";
import type { GatewayTypes } from "./context.ts";

const PREFIX = "/v1/models/";

/**
 * GET /v1/models and GET /v1/models/{id}: the models that the key may use, under their own names and the tenant's. An id
 * may hold slashes, raw or as %2F. Each counts as one request.
 */
export const models = new Hono<GatewayTypes>()
  .get("/v1/models", authenticate, async (c) => {
    const { headers, ...admission } = await admit(c.env, c.get("key"));
    const model = await deployedModel(c.env);
    const { manifest } = model;
    const aliases = await c.env.LEDGER.getByName(c.get("key").tenant).aliases();
    const names = [manifest.name, ...Object.keys(aliases).filter((alias) => aliases[alias] === manifest.name)];
    const data = isAllowed(admission, model) ? names.map((name) => modelObject(name, manifest)) : [];
    return c.json({ object: "list", data }, 200, headers);
  })
  .get(`${PREFIX}*`, authenticate, async (c) => {
    const { headers, ...admission } = await admit(c.env, c.get("key"));
    const id = decodedId(new URL(c.req.url).pathname.slice(PREFIX.length));
    const model = await modelNamed(c.env, id, c.get("key").tenant);
    requireAllowed(admission, model);
    return c.json(modelObject(id, model.manifest), 200, headers);
  });

const modelObject = (id: string, { createdSeconds }: Manifest) => ({
  id,
  object: "model",
  created: createdSeconds,
  owned_by: "lapidary",
});

function decodedId(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch (cause) {
    throw new ApiError(400, "invalid_value", "The model id in the path is not valid percent-encoding.", {
      param: "model",
      cause,
    });
  }
}
