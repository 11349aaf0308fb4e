import { Hono } from "hono";
import { deployedModel, modelNamed } from "../model.ts";
import { parseChatRequest } from "../request/chat-request.ts";
import { readJsonBody } from "../request/json-body.ts";
import { answer } from "./answer.ts";
import { authenticate } from "./authenticate.ts";
import { chatReply, toolReply } from "./chat-reply.ts";
import { checkConstraint } from "./constraint.ts";
import type { GatewayTypes } from "./context.ts";
import { chatPromptIds } from "./prompt.ts";

/** POST /v1/chat/completions */
export const chat = new Hono<GatewayTypes>().post("/v1/chat/completions", authenticate, async (c) => {
  const { manifest } = await deployedModel(c.env);
  const request = parseChatRequest(await readJsonBody(c.req.raw), manifest);
  const model = await modelNamed(c.env, request.model, c.get("key").tenant);
  checkConstraint(model, request.options, {
    format: "response_format",
    ...(request.tools && { tools: request.tools }),
  });
  const promptIds = chatPromptIds(model, request.messages, request.tools);
  return answer(c, {
    model,
    prompts: [{ ids: promptIds }],
    promptField: "messages",
    options: request.options,
    idPrefix: "chatcmpl-",
    form: request.tools ? toolReply : chatReply,
  });
});
