import { describe, expect, test } from "vitest";
import { api } from "../../../functions/api.ts";
import { request } from "../gateway/caller.ts";

interface Document {
  openapi: string;
  paths: Record<string, Record<string, { requestBody?: unknown; operationId: string; parameters: { name: string }[] }>>;
}

const document = async () => (await request("/openapi.json")).json<Document>();

/** Pages and what is not for API clients. */
const UNDOCUMENTED = [
  "get /",
  "get /assets/{path}{.+}",
  "get /admin",
  "get /docs",
  "get /openapi.json",
  "get /metrics",
];

describe("/openapi.json", () => {
  test("says every operation that is routed, and no other", async () => {
    const { paths } = await document();
    const documented = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    const routed = api.routes
      .filter(({ method }) => method !== "ALL")
      .map(({ method, path }) => `${method.toLowerCase()} ${path.replace("/models/*", "/models/{model}")}`)
      .map((name) => name.replace(/:(\w+)/g, "{$1}"))
      .filter((name) => !UNDOCUMENTED.includes(name));
    expect(documented.sort()).toEqual([...new Set(routed)].sort());
  });

  test("has an id of its own for every operation, and a parameter for every part of a path", async () => {
    const { openapi, paths } = await document();
    expect(openapi).toBe("3.1.0");
    const operations = Object.values(paths).flatMap((methods) => Object.values(methods));
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    for (const [path, methods] of Object.entries(paths)) {
      const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      for (const { parameters } of Object.values(methods))
        expect(parameters.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
    }
  });

  test("takes its bodies from the schemas that check them", async () => {
    const { paths } = await document();
    expect(paths["/v1/chat/completions"]!.post!.requestBody).toMatchObject({
      required: true,
      content: {
        "application/json": {
          schema: {
            required: ["model", "messages"],
            additionalProperties: false,
            properties: {
              temperature: { anyOf: [{ type: "number", minimum: 0, maximum: 2 }, { type: "null" }] },
              n: { anyOf: [{ type: "integer", minimum: 1, maximum: 32 }, { type: "null" }] },
            },
          },
        },
      },
    });
  });
});

test("numbers of a query are numbers, and empty lists are valid schemas", async () => {
  const { paths } = await document();
  const { parameters } = paths["/admin/v1/tenants"]!.get!;
  expect(parameters).toContainEqual(
    expect.objectContaining({ name: "limit", schema: expect.objectContaining({ type: "integer", minimum: 1 }) }),
  );
  expect(JSON.stringify(paths)).not.toContain('"prefixItems":[]');
});

test("the schema of an event stream is that of one event, as tools for OpenAPI 3.1 read it", async () => {
  const { paths } = await document();
  const { responses } = paths["/v1/chat/completions"]!.post as unknown as { responses: Record<string, unknown> };
  expect(responses[200]).toMatchObject({
    content: {
      "text/event-stream": {
        schema: {
          required: ["data"],
          properties: { data: { anyOf: [{ const: "[DONE]" }, { contentSchema: { anyOf: expect.any(Array) } }] } },
        },
      },
    },
  });
});

test("/docs shows them all without scripts", async () => {
  const response = await request("/docs");
  expect(response.headers.get("content-security-policy")).toMatch(/^default-src 'none'; style-src 'sha256-/);
  const page = await response.text();
  expect(page).not.toContain("<script");
  for (const path of Object.keys((await document()).paths)) expect(page).toContain(`</span> ${path}</code></h2>`);
});
