import { expect, test } from "vitest";
import { ADMIN_KEY, newCaller, question, request } from "./caller.ts";

const PARTS = { stages: 3, shards: 2 };

/** What /ready and the load say when every part is in this state. */
function readinessWith(state: "empty" | "ready") {
  const total = PARTS.stages + PARTS.shards;
  return {
    status: state === "ready" ? "ready" : "not_ready",
    parts: { ready: state === "ready" ? total : 0, total },
    stages: Array.from({ length: PARTS.stages }, (_, stage) => ({ stage, replica: 0, state })),
    vocabulary_shards: Array.from({ length: PARTS.shards }, (_, shard) => ({ shard, state })),
  };
}

test("/ready tells what is loaded and loads nothing; an operator's load loads it", async () => {
  const cold = await request("/ready");
  expect([cold.status, await cold.json()]).toEqual([503, readinessWith("empty")]);

  expect((await request("/admin/v1/load", { method: "POST" })).status).toBe(401);
  const { key } = await newCaller();
  const asTenant = await request("/admin/v1/load", { method: "POST", headers: { authorization: `Bearer ${key}` } });
  expect(asTenant.status).toBe(401);

  const headers = { authorization: `Bearer ${ADMIN_KEY}` };
  const loaded = await request("/admin/v1/load", { method: "POST", headers });
  expect([loaded.status, await loaded.json()]).toEqual([200, readinessWith("ready")]);

  // An isolate asks at most once a second.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const warm = await request("/ready");
  expect([warm.status, await warm.json()]).toEqual([200, readinessWith("ready")]);

  const caller = await newCaller();
  const answer = await caller.post("/v1/chat/completions", question("Hi", { max_tokens: 1 }));
  expect(answer.status).toBe(200);
});
