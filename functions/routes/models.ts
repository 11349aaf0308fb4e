import { Hono } from "hono";
import type { Manifest } from "../../weights/manifest.ts";
import { ApiError } from "../errors.ts";
import { deployedModel, modelNamed, modelNotFound } from "../model.ts";
import { admit } from "./admission.ts";
import { authenticate } from "./authenticate.ts";
import type { GatewayTypes } from "./context.ts";

const PREFIX = "/v1/models/";

/**
 * GET /v1/models and GET /v1/models/{id}: the models that the key may use. An id may hold slashes, raw or as %2F. Each
 * counts as one request.
 */
export const models = new Hono<GatewayTypes>()
  .get("/v1/models", authenticate, async (c) => {
    const { headers, allowedModels } = await admit(c.env, c.get("key"));
    const { manifest } = await deployedModel(c.env);
    const data = isAllowed(allowedModels, manifest) ? [modelObject(manifest)] : [];
    return c.json({ object: "list", data }, 200, headers);
  })
  .get(`${PREFIX}*`, authenticate, async (c) => {
    const { headers, allowedModels } = await admit(c.env, c.get("key"));
    const { manifest } = await modelNamed(c.env, decodedId(new URL(c.req.url).pathname.slice(PREFIX.length)));
    if (!isAllowed(allowedModels, manifest)) throw modelNotFound("GET /v1/models lists those that this key may use.");
    return c.json(modelObject(manifest), 200, headers);
  });

const isAllowed = (allowedModels: readonly string[] | null, { name }: Manifest) =>
  allowedModels?.includes(name) !== false;

const modelObject = ({ name, createdSeconds }: Manifest) => ({
  id: name,
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
