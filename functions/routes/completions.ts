import { Hono } from "hono";
import type { Env } from "../env.ts";
import { deployedModel, modelNamed } from "../model.ts";
import { parseCompletionRequest } from "../request/completion-request.ts";
import { parseJsonObject, readBodyText } from "../request/json-body.ts";
import { type AnswerRequest, answer } from "./answer.ts";
import type { AnswerPrompt } from "./answer-parts.ts";
import { authenticate } from "./authenticate.ts";
import { completionReply } from "./completion-reply.ts";
import { checkConstraint } from "./constraint.ts";
import type { GatewayTypes } from "./context.ts";
import { plainPromptIds, plainPromptText } from "./prompt.ts";

export const COMPLETIONS_PATH = "/v1/completions";

/** POST /v1/completions */
export const completions = new Hono<GatewayTypes>().post(COMPLETIONS_PATH, authenticate, async (c) => {
  const body = await readBodyText(c.req.raw);
  return answer(c, await completionAnswer(c.env, parseJsonObject(body), c.get("key").tenant), COMPLETIONS_PATH, body);
});

/** What the body of such a request of `tenant` asks for; an ApiError when it is wrong. */
export async function completionAnswer(
  env: Env,
  body: Record<string, unknown>,
  tenant: string,
): Promise<AnswerRequest> {
  const { manifest } = await deployedModel(env);
  const request = parseCompletionRequest(body, manifest);
  const model = await modelNamed(env, request.model, tenant);
  checkConstraint(model, request.options, { format: "response_format" });
  const prompts = request.prompts.map((prompt, index, { length }): AnswerPrompt => {
    const ids = plainPromptIds(model, prompt, length > 1 ? `prompt[${index}]` : "prompt");
    return { ids, ...(request.echo && { echo: plainPromptText(model, prompt) }) };
  });
  return {
    model,
    prompts,
    promptField: "prompt",
    options: request.options,
    idPrefix: "cmpl-",
    form: completionReply,
  };
}
