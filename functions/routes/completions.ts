import { Hono } from "hono";
import { deployedModel, modelNamed } from "../model.ts";
import { parseCompletionRequest } from "../request/completion-request.ts";
import { readJsonBody } from "../request/json-body.ts";
import { answer } from "./answer.ts";
import type { AnswerPrompt } from "./answer-parts.ts";
import { authenticate } from "./authenticate.ts";
import { completionReply } from "./completion-reply.ts";
import { checkConstraint } from "./constraint.ts";
import type { GatewayTypes } from "./context.ts";
import { plainPromptIds, plainPromptText } from "./prompt.ts";

/** POST /v1/completions */
export const completions = new Hono<GatewayTypes>().post("/v1/completions", authenticate, async (c) => {
  const { manifest } = await deployedModel(c.env);
  const request = parseCompletionRequest(await readJsonBody(c.req.raw), manifest);
  const model = await modelNamed(c.env, request.model, c.get("key").tenant);
  checkConstraint(model, request.options, { format: "response_format" });
  const prompts = request.prompts.map((prompt, index, { length }): AnswerPrompt => {
    const ids = plainPromptIds(model, prompt, length > 1 ? `prompt[${index}]` : "prompt");
    return { ids, ...(request.echo && { echo: plainPromptText(model, prompt) }) };
  });
  return answer(c, {
    model,
    prompts,
    promptField: "prompt",
    options: request.options,
    idPrefix: "cmpl-",
    form: completionReply,
  });
});
