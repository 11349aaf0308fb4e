import { Hono } from "hono";
import type { Env } from "../env.ts";
import { deployedModel, modelNamed } from "../model.ts";
import { parseChatRequest } from "../request/chat-request.ts";
import { parseJsonObject, readBodyText } from "../request/json-body.ts";
import { type AnswerRequest, answer } from "./answer.ts";
import { authenticate } from "./authenticate.ts";
import { chatReply, toolReply } from "./chat-reply.ts";
import { checkConstraint } from "./constraint.ts";
import type { GatewayTypes } from "./context.ts";
import { chatPromptIds } from "./prompt.ts";

export const CHAT_PATH = "/v1/chat/completions";

/** POST /v1/chat/completions */
export const chat = new Hono<GatewayTypes>().post(CHAT_PATH, authenticate, async (c) => {
  const body = await readBodyText(c.req.raw);
  return answer(c, await chatAnswer(c.env, parseJsonObject(body), c.get("key").tenant), CHAT_PATH, body);
});

/** What the body of such a request of `tenant` asks for; an ApiError when it is wrong. */
export async function chatAnswer(env: Env, body: Record<string, unknown>, tenant: string): Promise<AnswerRequest> {
  const { manifest } = await deployedModel(env);
  const request = parseChatRequest(body, manifest);
  const model = await modelNamed(env, request.model, tenant);
  checkConstraint(model, request.options, {
    format: "response_format",
    ...(request.tools && { tools: request.tools }),
  });
  const promptIds = chatPromptIds(model, request.messages, request.tools);
  return {
    model,
    prompts: [{ ids: promptIds }],
    promptField: "messages",
    options: request.options,
    idPrefix: "chatcmpl-",
    form: request.tools ? toolReply : chatReply,
  };
}
