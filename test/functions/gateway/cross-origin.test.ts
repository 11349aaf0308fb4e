import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { api } from "../../../functions/api.ts";

const PAGE = "https://chat.example.com";

function ask(origins: string | undefined, path: string, init: RequestInit = {}) {
  const headers = { ...init.headers, origin: PAGE };
  const asked = new Request(`https://lapidary.test${path}`, { ...init, headers });
  return api.fetch(asked, { ...env, LAPIDARY_CORS_ORIGINS: origins }, createExecutionContext());
}

const allowed = (response: Response) => response.headers.get("access-control-allow-origin");
const preflight = {
  method: "OPTIONS",
  headers: {
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization, x-stainless-os",
  },
};

describe("a page of another origin", () => {
  test("may not call unless its origin is configured", async () => {
    expect(allowed(await ask(undefined, "/v1/models"))).toBeNull();
    expect(allowed(await ask("https://other.example.com", "/v1/models"))).toBeNull();
    expect(allowed(await ask(`https://other.example.com, ${PAGE}`, "/v1/models"))).toBe(PAGE);
    expect(allowed(await ask("*", "/v1/models"))).toBe("*");
  });

  test("may send what SDKs send, and read limits and errors", async () => {
    const answer = await ask(PAGE, "/v1/chat/completions", preflight);
    expect(answer.status).toBe(204);
    expect(answer.headers.get("access-control-allow-headers")).toMatch(/authorization, ?x-stainless-os/);
    expect(answer.headers.get("access-control-allow-methods")).toBe("GET,POST,DELETE");
    const refused = await ask(PAGE, "/v1/chat/completions", { method: "POST" });
    expect([refused.status, allowed(refused)]).toEqual([401, PAGE]);
    expect(refused.headers.get("access-control-expose-headers")).toContain("x-ratelimit-remaining-tokens");
  });

  test("never reaches the admin API", async () => {
    expect(allowed(await ask("*", "/admin/v1/tenants", preflight))).toBeNull();
  });

  test("with a list that holds no origins is a misconfiguration", async () => {
    expect((await ask("chat.example.com", "/v1/models")).status).toBe(503);
  });
});
