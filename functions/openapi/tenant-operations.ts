import { z } from "zod";
import { chatSchema } from "../request/chat-request.ts";
import { completionSchema } from "../request/completion-request.ts";
import { responsesSchema } from "../request/responses-request.ts";
import { detokenizeSchema, tokenizeSchema } from "../request/token-requests.ts";
import { usagePeriodSchema } from "../request/usage-request.ts";
import { pipelineReply } from "./admin-replies.ts";
import * as generation from "./generation-replies.ts";
import type { Operation } from "./operation.ts";
import * as response from "./response-replies.ts";
import * as tokens from "./token-replies.ts";

const GENERATION_ERRORS = [400, 401, 403, 404, 408, 410, 413, 421, 422, 429, 500, 503, 504];
const LOOKUP_ERRORS = [400, 401, 403, 404, 421, 429, 500, 503];
const TOKEN_ERRORS = [...LOOKUP_ERRORS, 408, 413];

const LAST_EVENT_ID = { "Last-Event-ID": "The id of the last event that came: the answer goes on after it." };
const REPEATABLE = {
  "Idempotency-Key": "A name of the caller's own: the same request with it gets the same answer, for 10 minutes.",
  ...LAST_EVENT_ID,
};

const tenant = { security: "tenant" } as const;
const RESPONSE = "/v1/responses/{response}";

/** What tenants do, in the order of the reference. */
export const TENANT_OPERATIONS: readonly Operation[] = [
  {
    ...tenant,
    method: "post",
    path: "/v1/chat/completions",
    summary: "Answer a conversation",
    headers: REPEATABLE,
    body: chatSchema,
    status: 200,
    reply: generation.chatCompletion,
    event: generation.chatCompletionChunk,
    errors: GENERATION_ERRORS,
  },
  {
    ...tenant,
    method: "post",
    path: "/v1/completions",
    summary: "Continue a text, or token ids as they are",
    headers: REPEATABLE,
    body: completionSchema,
    status: 200,
    reply: generation.textCompletion,
    event: generation.textCompletion,
    errors: GENERATION_ERRORS,
  },
  {
    ...tenant,
    method: "post",
    path: "/v1/responses",
    summary: "Answer a conversation, and keep it to go on from",
    headers: REPEATABLE,
    body: responsesSchema,
    status: 200,
    reply: response.responseReply,
    event: response.responseEvent,
    errors: GENERATION_ERRORS,
  },
  {
    ...tenant,
    method: "get",
    path: RESPONSE,
    summary: "Read a response that is kept",
    status: 200,
    reply: response.responseReply,
    errors: LOOKUP_ERRORS,
  },
  {
    ...tenant,
    method: "get",
    path: `${RESPONSE}/input_items`,
    summary: "List what a kept response was asked, the newest item first",
    status: 200,
    reply: response.inputItemsReply,
    errors: LOOKUP_ERRORS,
  },
  {
    ...tenant,
    method: "delete",
    path: RESPONSE,
    summary: "Forget a response",
    status: 200,
    reply: response.deletedResponse,
    errors: LOOKUP_ERRORS,
  },
  {
    ...tenant,
    method: "get",
    path: "/v1/generations/{id}/events",
    summary: "Go on reading an answer whose request had an Idempotency-Key",
    headers: LAST_EVENT_ID,
    status: 200,
    event: z.union([generation.chatCompletionChunk, generation.textCompletion, response.responseEvent]),
    errors: [...LOOKUP_ERRORS, 410, 504],
  },
  {
    ...tenant,
    method: "post",
    path: "/v1/generations/{id}/cancel",
    summary: "End a generation; what was computed until then is charged",
    status: 200,
    reply: generation.cancelReply,
    errors: [...LOOKUP_ERRORS, 408, 413],
  },
  {
    ...tenant,
    method: "post",
    path: "/v1/tokenize",
    summary: "Tell the tokens of a text",
    body: tokenizeSchema,
    status: 200,
    reply: tokens.tokenizeReply,
    errors: TOKEN_ERRORS,
  },
  {
    ...tenant,
    method: "post",
    path: "/v1/detokenize",
    summary: "Tell the text of tokens",
    body: detokenizeSchema,
    status: 200,
    reply: tokens.detokenizeReply,
    errors: TOKEN_ERRORS,
  },
  {
    ...tenant,
    method: "post",
    path: "/v1/chat/render",
    summary: "Check a chat and show its prompt without answering it",
    body: chatSchema,
    status: 200,
    reply: tokens.renderReply,
    errors: TOKEN_ERRORS,
  },
  {
    ...tenant,
    method: "get",
    path: "/v1/models",
    summary: "List the models that the key may use",
    status: 200,
    reply: generation.modelList,
    errors: LOOKUP_ERRORS,
  },
  {
    ...tenant,
    method: "get",
    path: "/v1/models/{model}",
    summary: "Look a model up",
    status: 200,
    reply: generation.modelReply,
    errors: LOOKUP_ERRORS,
  },
  {
    ...tenant,
    method: "get",
    path: "/v1/pipeline",
    summary: "Show the whole pipeline and its load, in development alone (elsewhere 404)",
    status: 200,
    reply: pipelineReply,
    errors: LOOKUP_ERRORS,
  },
  {
    ...tenant,
    method: "get",
    path: "/v1/usage",
    summary: "The tenant's limits and what it used",
    query: usagePeriodSchema,
    status: 200,
    reply: generation.usageReply,
    errors: LOOKUP_ERRORS,
  },
];
