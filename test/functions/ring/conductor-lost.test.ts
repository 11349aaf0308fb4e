import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { abort, allFree, callFor, freshConductor, generateOn, partOf, shardOf, storyFor } from "./conductors.ts";

const request = await storyFor(450);

test("a lost conductor's sessions are over in every part; its next life answers the same", async () => {
  const conductor = await freshConductor();
  const short = { ...request, maxTokens: 8 };
  const before = await generateOn(conductor, await callFor(short));
  const parts = [
    await partOf(conductor, "stage-0-0"),
    await partOf(conductor, "stage-1-0"),
    await partOf(conductor, "stage-2-0"),
    await shardOf(conductor, "vocabulary-0"),
  ];
  const answer = await conductor.generate(await callFor(request));
  expect(answer.admitted).toBe(true);
  await abort(conductor);
  for (const part of parts) {
    await vi.waitFor(async () => expect(await part.report()).toMatchObject({ state: "ready", sessions: 0, links: 0 }));
  }
  const next = env.CONDUCTOR.get(conductor.id);
  expect(await generateOn(next, await callFor(short))).toEqual(before);
  await allFree(next);
});
