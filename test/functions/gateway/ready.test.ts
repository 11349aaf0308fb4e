import { expect, test, vi } from "vitest";
import { newCaller, question, request } from "./caller.ts";

test("/ready is 503 until weights are loaded, and asking loads none", async () => {
  const cold = await request("/ready");
  expect(cold.status).toBe(503);
  expect(await cold.json()).toEqual({ status: "not_ready", parts: { ready: 0, total: 5 } });

  const caller = await newCaller();
  await (await caller.post("/v1/chat/completions", question("Hi", { max_tokens: 1 }))).text();
  await vi.waitFor(
    async () => {
      const warm = await request("/ready");
      expect([warm.status, await warm.json()]).toEqual([200, { status: "ready", parts: { ready: 5, total: 5 } }]);
    },
    { timeout: 5_000, interval: 100 },
  );
});
