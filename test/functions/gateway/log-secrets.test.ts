import { createExecutionContext, evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { api } from "../../../functions/api.ts";
import { ADMIN_KEY, callerWith, KEY_SECRET, newCaller, question, request } from "./caller.ts";
import { operate, operateJson } from "./operator.ts";

const CHAT = "/v1/chat/completions";
const METHODS = ["debug", "error", "info", "log", "warn"] as const;
const METRICS_TOKEN = "metrics-token-of-the-tests-0123456789abc";
/** What a caller said, which is nobody's business. */
const PRIVATE = "my-private-words";

let logged: string[];
beforeEach(() => {
  logged = [];
  for (const method of METHODS)
    vi.spyOn(console, method).mockImplementation((...parts: unknown[]) => {
      logged.push(parts.map((part) => (part instanceof Error ? describe(part) : JSON.stringify(part))).join(" "));
    });
});
afterEach(() => void vi.restoreAllMocks());

const describe = (error: Error): string =>
  `${error.stack} ${error.cause instanceof Error ? describe(error.cause) : ""}`;

/** Nothing of these is in the log, whole or as the part of a key that lets in. */
function expectUnlogged(...secrets: string[]) {
  const text = logged.join("\n");
  for (const secret of [...secrets, ADMIN_KEY, KEY_SECRET, METRICS_TOKEN, PRIVATE]) {
    expect(text).not.toContain(secret);
    const [, , inner] = secret.split("_");
    if (secret.startsWith("lap_")) expect(text).not.toContain(inner);
  }
}

const post = (bindings: object, key: string) =>
  api.fetch(
    new Request(`https://lapidary.test${CHAT}`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify(question(PRIVATE, { max_tokens: 1, user: PRIVATE })),
    }),
    { ...env, ...bindings },
    createExecutionContext(),
  );

test("a ledger that fails is in the log, the key and the words of the request are not", async () => {
  const { tenant, key } = await newCaller();
  const ledger = env.LEDGER.getByName(tenant);
  await runInDurableObject(ledger, (_, { storage }) => void storage.sql.exec("UPDATE schema_version SET version = 99"));
  await evictDurableObject(ledger);
  expect((await post({}, key)).status).toBe(503);
  expect(logged.join()).toContain("ledger_unavailable");
  expectUnlogged(key);
});

test("a wrong setting is in the log by its name, the secrets beside it are not", async () => {
  const { key } = await newCaller();
  const short = "a-short-one";
  expect((await post({ LAPIDARY_KEY_SECRET: short, LAPIDARY_METRICS_TOKEN: METRICS_TOKEN }, key)).status).toBe(503);
  expect(logged.join()).toContain("LAPIDARY_KEY_SECRET");
  expectUnlogged(key, short);
});

test("keys that are made, rotated, wrong, revoked or of an operator leave no trace", async () => {
  const { tenant, key } = await newCaller();
  const path = `/tenants/${tenant}/keys`;
  const made = await operateJson<{ id: string; key: string }>("POST", path, { label: "two" });
  const rotated = await operateJson<{ key: string }>("POST", `${path}/${made.id}/rotate`);
  await operate("DELETE", `${path}/${made.id}`);
  const wrong = `${key.slice(0, -1)}${key.endsWith("0") ? "1" : "0"}`;
  for (const presented of [wrong, made.key, rotated.key]) await callerWith(presented).post(CHAT, question(PRIVATE));
  await operate("GET", "/tenants", undefined, `${ADMIN_KEY}x`);
  await request(`${CHAT}?key=${key}`, { method: "POST", body: PRIVATE });
  expectUnlogged(key, wrong, made.key, rotated.key);
});
