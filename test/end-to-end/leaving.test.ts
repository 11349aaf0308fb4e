import { afterAll, beforeAll, expect, test } from "vitest";
import { createDevKey } from "../../cli/dev-key.ts";
import { type LocalServer, startLocalServer } from "./local-server.ts";

const LIMIT_MS = 2_000;
const OTHERS = 14;
/** Hot, and with a seed whose answer never ends by itself. */
const ENDLESS = { model: "lapidary-demo", prompt: [2], temperature: 2, top_p: 1, top_k: 0, max_tokens: 500, seed: 13 };

let server: LocalServer;
beforeAll(async () => {
  server = await startLocalServer();
});
afterAll(() => server?.[Symbol.asyncDispose]());

function complete(key: string, body: object, signal: AbortSignal): Promise<Response> {
  return fetch(`${server.url}/v1/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(body),
    signal,
  });
}

// A compressing proxy in front of the Worker once held the heartbeats back, so that a departure was never noticed.
test("a client that hangs up while it waits for a whole answer pays for what was computed, not for the rest", async () => {
  const everyone = new AbortController();
  // The demo model alone answers before anyone could leave; beside others it takes seconds.
  const others = Array.from({ length: OTHERS }, () =>
    complete(server.key, { ...ENDLESS, stream: true }, everyone.signal),
  );
  // Read on: a stream whose reader pauses is paused, and would leave the machine to the one that is measured.
  for (const response of await Promise.all(others)) void response.text().catch(() => {});
  const key = await createDevKey(server.url);
  const leaving = new AbortController();
  const response = await complete(key, ENDLESS, leaving.signal);
  expect(response.status).toBe(200);
  const before = Number(response.headers.get("x-ratelimit-remaining-tokens"));
  leaving.abort();
  await new Promise((resolve) => setTimeout(resolve, LIMIT_MS));
  const after = await complete(key, { ...ENDLESS, max_tokens: 1 }, AbortSignal.timeout(10_000));
  expect(after.status).toBe(200);
  // Settling gave back most of what was reserved; the last request took 2 tokens.
  const givenBack = Number(after.headers.get("x-ratelimit-remaining-tokens")) + 2 - before;
  expect(givenBack).toBeGreaterThan(0);
  everyone.abort();
});
