import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { api } from "../../../functions/api.ts";
import { errorOf, request } from "./caller.ts";

test("/health needs no key and names the model", async () => {
  const response = await request("/health");
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({
    status: "ok",
    model: "lapidary-demo",
    system_fingerprint: expect.stringMatching(/^fp_[0-9a-f]{12}$/),
  });
});

test.each([
  ["a missing secret", { LAPIDARY_KEY_SECRET: undefined }, "LAPIDARY_KEY_SECRET: is not set"],
  ["a short secret", { LAPIDARY_ADMIN_KEY: "short" }, "LAPIDARY_ADMIN_KEY: is shorter than 32 bytes"],
  ["a variable out of range", { LAPIDARY_STAGES: "0" }, "LAPIDARY_STAGES"],
])("%s is a 503, and the log says what to set", async (_, change, expected) => {
  const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const response = await api.fetch(
    new Request("https://lapidary.test/health"),
    { ...env, ...change },
    createExecutionContext(),
  );
  expect(await errorOf(response)).toMatchObject({ status: 503, code: "server_misconfigured", type: "server_error" });
  expect(log.mock.calls.flat().join()).toContain(expected);
  log.mockRestore();
});
