import { expect, test } from "vitest";
import { api } from "../../../functions/api.ts";
import { newCaller, request } from "./caller.ts";

/** What anybody may ask for: pages, their files, the reference, and whether the service is up. */
const OPEN = [
  "GET /",
  "GET /assets/:path{.+}",
  "GET /admin",
  "GET /docs",
  "GET /openapi.json",
  "GET /health",
  "GET /ready",
  // Nothing is there without LAPIDARY_METRICS_TOKEN, and with it a token is asked for.
  "GET /metrics",
];

/** Every route that answers, without the middleware. */
const routes = [
  ...new Set(
    api.routes
      .filter(({ method, path }) => method !== "ALL" && !OPEN.includes(`${method} ${path}`))
      .map(({ method, path }) => `${method} ${path}`),
  ),
];

test("there are routes to try, of tenants and of operators", () => {
  expect(routes).toContain("POST /v1/chat/completions");
  expect(routes).toContain("DELETE /admin/v1/tenants/:tenant");
});

const ask = (route: string, key?: string) => {
  const [method = "", path = ""] = route.split(" ");
  const filled = path.replaceAll(/:\w+(\{[^}]*\})?/g, "x").replace("*", "x");
  const body = ["POST", "PUT", "PATCH"].includes(method) ? "{}" : null;
  // Addresses of their own: many of these in a minute would be answered 429.
  const headers = { "cf-connecting-ip": crypto.randomUUID(), ...(key && { authorization: `Bearer ${key}` }) };
  return request(filled, { method, body, headers });
};

test.each(routes)("%s asks for a key", async (route) => {
  expect((await ask(route)).status).toBe(401);
});

test("no route of operators is open to a tenant's key", async () => {
  const { key } = await newCaller();
  for (const route of routes.filter((known) => known.includes("/admin/"))) {
    expect([route, (await ask(route, key)).status]).toEqual([route, 401]);
  }
});

test("the open routes are there", () => {
  const known = api.routes.map(({ method, path }) => `${method} ${path}`);
  for (const route of OPEN) expect(known).toContain(route);
});
