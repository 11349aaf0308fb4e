import { z } from "zod";
import {
  auditPageSchema,
  keyChangesSchema,
  newKeySchema,
  newTenantSchema,
  replicasSchema,
  rotationSchema,
  tenantChangesSchema,
  tenantPageSchema,
} from "../request/admin-requests.ts";
import { chatSchema } from "../request/chat-request.ts";
import { completionSchema } from "../request/completion-request.ts";
import { responsesSchema } from "../request/responses-request.ts";
import { detokenizeSchema, tokenizeSchema } from "../request/token-requests.ts";
import { usageExportSchema, usagePeriodSchema } from "../request/usage-request.ts";
import * as admin from "./admin-replies.ts";
import * as generation from "./generation-replies.ts";
import * as response from "./response-replies.ts";
import * as tokens from "./token-replies.ts";

export interface Operation {
  readonly method: "get" | "post" | "patch" | "delete";
  /** With `{parameters}`. */
  readonly path: string;
  readonly summary: string;
  readonly security: "tenant" | "admin" | "none";
  readonly query?: z.ZodObject;
  /** Headers that mean something, and what. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: z.ZodObject;
  readonly bodyOptional?: true;
  readonly status: 200 | 201 | 204;
  /** Of the status above; absent: no body. */
  readonly reply?: z.ZodType;
  /** Of an event of the stream, where there is one. */
  readonly event?: z.ZodType;
  /** Other media types of the status above. */
  readonly text?: readonly string[];
  /** Every other status. */
  readonly errors: readonly number[];
}

const GENERATION_ERRORS = [400, 401, 403, 404, 408, 410, 413, 421, 422, 429, 500, 503, 504];
const LOOKUP_ERRORS = [400, 401, 403, 404, 421, 429, 500, 503];
const TOKEN_ERRORS = [...LOOKUP_ERRORS, 408, 413];
const ADMIN_ERRORS = [400, 401, 404, 421, 429, 500, 503];
const ADMIN_WRITE_ERRORS = [400, 401, 404, 408, 409, 413, 421, 429, 500, 503];

const LAST_EVENT_ID = { "Last-Event-ID": "The id of the last event that came: the answer goes on after it." };
const REPEATABLE = {
  "Idempotency-Key": "A name of the caller's own: the same request with it gets the same answer, for 10 minutes.",
  ...LAST_EVENT_ID,
};

const tenant = { security: "tenant" } as const;
const read = { security: "admin", status: 200, errors: ADMIN_ERRORS } as const;
const write = { security: "admin", status: 200, errors: ADMIN_WRITE_ERRORS } as const;
const open = { security: "none", status: 200, errors: [421, 500, 503] } as const;

const TENANT = "/admin/v1/tenants/{tenant}";
const KEY = `${TENANT}/keys/{key}`;
const REPLICAS = "/admin/v1/replicas";
const RESPONSE = "/v1/responses/{response}";

/** Every operation of the API, in the order of its reference. */
export const OPERATIONS: readonly Operation[] = [
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
    headers: { "Idempotency-Key": REPEATABLE["Idempotency-Key"] },
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
    event: z.union([generation.chatCompletionChunk, generation.textCompletion]),
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
    path: "/v1/usage",
    summary: "The tenant's limits and what it used",
    query: usagePeriodSchema,
    status: 200,
    reply: generation.usageReply,
    errors: LOOKUP_ERRORS,
  },
  {
    ...open,
    method: "get",
    path: "/health",
    summary: "The service is up and configured",
    reply: generation.healthReply,
  },
  {
    ...open,
    method: "get",
    path: "/ready",
    summary: "What is loaded; 503 while the next request would first load something",
    reply: generation.readyReply,
  },
  {
    ...read,
    method: "get",
    path: "/admin/v1/tenants",
    summary: "List tenants by name",
    query: tenantPageSchema,
    reply: admin.tenantList,
  },
  {
    ...write,
    method: "post",
    path: "/admin/v1/tenants",
    summary: "Create a tenant with a first key",
    body: newTenantSchema,
    status: 201,
    reply: admin.newTenantReply,
  },
  { ...read, method: "get", path: TENANT, summary: "Show a tenant and what it holds now", reply: admin.tenantReply },
  {
    ...write,
    method: "patch",
    path: TENANT,
    summary: "Change a tenant, from its next request on",
    body: tenantChangesSchema,
    reply: admin.tenantReply,
  },
  { ...write, method: "delete", path: TENANT, summary: "Forget a tenant with its keys and usage", status: 204 },
  {
    ...read,
    method: "get",
    path: `${TENANT}/usage`,
    summary: "Usage by day, model and key",
    query: usageExportSchema,
    reply: admin.usageReport,
    text: ["text/csv"],
  },
  {
    ...read,
    method: "get",
    path: `${TENANT}/usage/users`,
    summary: "Usage by day and the `user` of requests",
    query: usageExportSchema,
    reply: admin.userReport,
    text: ["text/csv"],
  },
  { ...read, method: "get", path: `${TENANT}/keys`, summary: "List a tenant's keys", reply: admin.keyList },
  {
    ...write,
    method: "post",
    path: `${TENANT}/keys`,
    summary: "Make one more key",
    body: newKeySchema,
    bodyOptional: true,
    status: 201,
    reply: admin.newKeyReply,
  },
  {
    ...write,
    method: "patch",
    path: KEY,
    summary: "Change a key's label or expiry",
    body: keyChangesSchema,
    reply: admin.keyReply,
  },
  { ...write, method: "delete", path: KEY, summary: "Revoke a key at once", reply: admin.keyReply },
  {
    ...write,
    method: "post",
    path: `${KEY}/rotate`,
    summary: "Put a new key in an old one's place",
    body: rotationSchema,
    bodyOptional: true,
    status: 201,
    reply: admin.newKeyReply,
  },
  {
    ...read,
    method: "get",
    path: "/admin/v1/audit",
    summary: "What operators did, newest first",
    query: auditPageSchema,
    reply: admin.auditLog,
  },
  {
    ...write,
    method: "post",
    path: "/admin/v1/load",
    summary: "Load the weights of every part now",
    reply: generation.readyReply,
    errors: [401, 500, 503, 504],
  },
  {
    ...read,
    method: "get",
    path: "/admin/v1/pipeline",
    summary: "How every part of the pipeline is",
    reply: admin.pipelineReply,
  },
  { ...read, method: "get", path: REPLICAS, summary: "How the stages' replicas are", reply: admin.replicasReply },
  {
    ...write,
    method: "patch",
    path: REPLICAS,
    summary: "Add replicas of every stage, or let some end with their last session",
    body: replicasSchema,
    reply: admin.replicasReply,
  },
];
