import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { api } from "../../../functions/api.ts";
import { errorOf } from "./caller.ts";

const ask = (url: string, hosts: string | undefined) =>
  api.fetch(new Request(url), { ...env, LAPIDARY_HOSTS: hosts }, createExecutionContext());

test("a service answers to the names it was given, whatever the port", async () => {
  const hosts = "127.0.0.1, localhost, [::1], api.example.com";
  for (const origin of ["http://127.0.0.1:8787", "http://localhost", "http://[::1]:1", "https://api.example.com"])
    expect((await ask(`${origin}/health`, hosts)).status).toBe(200);
  for (const path of ["/health", "/", "/docs", "/v1/models", "/nothing"]) {
    const refused = await errorOf(await ask(`https://rebound.example.com${path}`, hosts));
    expect(refused).toMatchObject({ status: 421, code: "unknown_host" });
  }
});

test.each([undefined, "*", "localhost, *"])("with %j for a list it answers to every name", async (hosts) => {
  expect((await ask("https://anything.example.com/health", hosts)).status).toBe(200);
});

test.each(["https://api.example.com", "api.example.com:443", "API.example.com", ","])(
  "%j is no list of hosts",
  async (hosts) => {
    expect((await ask("https://api.example.com/health", hosts)).status).toBe(503);
  },
);
