import { z } from "zod";
import { errorReply, readyReply } from "./generation-replies.ts";
import { bodySchemaOf, type JsonSchema, jsonSchemaOf } from "./json-schema.ts";
import type { Operation } from "./operation.ts";
import { OPERATIONS } from "./operations.ts";

const ERROR_WORDS: Readonly<Record<number, string>> = {
  400: "The request is wrong; the error names the field.",
  401: "The key is missing, wrong, revoked or expired.",
  403: "The tenant is blocked.",
  404: "There is no such thing here.",
  408: "The body took too long to arrive.",
  409: "It is there already, or there are too many.",
  410: "The generation was cancelled, or is not kept any more.",
  413: "The body is too large.",
  421: "The service does not answer to this host.",
  422: "The Idempotency-Key belongs to another body.",
  429: "A limit is reached; Retry-After says when this request fits.",
  500: "Our fault; the log has more under the request's id.",
  503: "The service cannot answer now; try again.",
  504: "The pipeline took too long.",
};

const RATE_HEADERS = ["x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"];
const TOKEN_HEADERS = ["x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"];
const ALL_RATE_HEADERS = [...RATE_HEADERS, ...TOKEN_HEADERS, "ratelimit", "ratelimit-policy"];

let made: object | undefined;

/** The OpenAPI 3.1 document of the whole API, from the schemas that check requests. */
export function openApiDocument(): object {
  made ??= {
    openapi: "3.1.0",
    info: {
      title: "Lapidary",
      version: "1",
      description: "Gemma from the edge, in OpenAI's form. Unknown fields are refused by name, never ignored.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    paths: pathsOf(OPERATIONS),
    components: {
      securitySchemes: {
        tenant: { type: "http", scheme: "bearer", description: "An API key: lap_…" },
        admin: { type: "http", scheme: "bearer", description: "The operator's key." },
      },
      schemas: { Error: jsonSchemaOf(errorReply, "output") },
    },
  };
  return made;
}

function pathsOf(operations: readonly Operation[]): Record<string, Record<string, object>> {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of operations) {
    paths[operation.path] ??= {};
    paths[operation.path]![operation.method] = operationObject(operation);
  }
  return paths;
}

function operationObject(operation: Operation): object {
  const { method, path, summary, security, body, bodyOptional, query, headers = {} } = operation;
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
  const inPath = names.map((name) => ({ name, in: "path", required: true, schema: { type: "string" } }));
  return {
    operationId: [method, ...path.split(/[^a-zA-Z0-9]+/).filter(Boolean)].join("_"),
    summary,
    tags: [security === "admin" ? "Operator" : security === "tenant" ? "API" : "Service"],
    security: security === "none" ? [] : [{ [security]: [] }],
    parameters: [
      ...inPath,
      ...(query ? queryParameters(jsonSchemaOf(query, "input")) : []),
      ...Object.entries(headers).map(([name, description]) => ({
        name,
        in: "header",
        required: false,
        description,
        schema: { type: "string" },
      })),
    ],
    ...(body && {
      requestBody: { required: !bodyOptional, content: { "application/json": { schema: bodySchemaOf(body) } } },
    }),
    responses: responsesOf(operation),
  };
}

function queryParameters(schema: JsonSchema): object[] {
  const properties = Object.entries((schema.properties as Record<string, JsonSchema> | undefined) ?? {});
  return properties.map(([name, property]) => ({ name, in: "query", required: false, schema: property }));
}

function responsesOf({ status, reply, event, text = [], errors, security, path }: Operation): object {
  const headers = security === "tenant" ? { headers: headersOf(ALL_RATE_HEADERS) } : {};
  const content = {
    ...(reply && { "application/json": { schema: jsonSchemaOf(reply, "output") } }),
    ...(event && {
      "text/event-stream": {
        schema: eventSchemaOf(event),
      },
    }),
    ...Object.fromEntries(text.map((type) => [type, { schema: { type: "string" } }])),
  };
  const failures = errors.map((code) => [String(code), errorResponse(code, path, security)]);
  const success = { description: "Done.", ...headers, ...((reply || event) && { content }) };
  return { [status]: success, ...Object.fromEntries(failures) };
}

/** One server-sent event. In OpenAPI 3.1 tools read the schema of an event stream as that of each event, not of the text. */
function eventSchemaOf(data: z.ZodType): JsonSchema {
  const json = {
    contentMediaType: "application/json",
    contentSchema: jsonSchemaOf(z.union([data, errorReply]), "output"),
  };
  return {
    type: "object",
    required: ["data"],
    additionalProperties: false,
    properties: {
      id: { type: "string", description: "Where the request had an Idempotency-Key." },
      event: { type: "string", description: "Of the Responses API: the type that is in the data too." },
      data: {
        description: "A part of the answer, or why it failed. [DONE] is the end of chats and completions.",
        type: "string",
        anyOf: [{ const: "[DONE]" }, json],
      },
    },
  };
}

function errorResponse(code: number, path: string, security: Operation["security"]): object {
  const error = { $ref: "#/components/schemas/Error" };
  const notReady = path === "/ready" && code === 503;
  const schema = notReady ? { anyOf: [jsonSchemaOf(readyReply, "output"), error] } : error;
  return {
    description: ERROR_WORDS[code],
    ...(code === 429 && {
      headers: headersOf([...(security === "tenant" ? ALL_RATE_HEADERS : []), "retry-after", "retry-after-ms"]),
    }),
    content: { "application/json": { schema } },
  };
}

const headersOf = (names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, { schema: { type: "string" } }]));
