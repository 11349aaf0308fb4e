import { Hono } from "hono";
import { deployedModel, modelNamed } from "../model.ts";
import { parseCompletionRequest } from "../request/completion-request.ts";
import { readJsonBody } from "../request/json-body.ts";
import { answer } from "./answer.ts";
import { authenticate } from "./authenticate.ts";
import { completionReply } from "./completion-reply.ts";
import type { GatewayTypes } from "./context.ts";
import { plainPromptIds } from "./prompt.ts";

/** POST /v1/completions */
export const completions = new Hono<GatewayTypes>().post("/v1/completions", authenticate, async (c) => {
  const { manifest } = await deployedModel(c.env);
  const request = parseCompletionRequest(await readJsonBody(c.req.raw), manifest.generationDefaults);
  const model = await modelNamed(c.env, request.model);
  const promptIds = plainPromptIds(model, request.prompt);
  return answer(c, {
    model,
    promptIds,
    promptField: "prompt",
    options: request.options,
    idPrefix: "cmpl-",
    form: completionReply,
  });
});
