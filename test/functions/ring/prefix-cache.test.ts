import { expect, test } from "vitest";
import type { GenerationRequest } from "../../../runtime/generate.ts";
import {
  abort,
  abortInTheMiddle,
  allFree,
  callFor,
  freshConductor,
  generateOn,
  partOf,
  requestFor,
} from "./conductors.ts";
import { generateLocally } from "./local-judge.ts";

const STORY = `Once upon a time ${"there was a small house in the forest, and in it lived an old woman with a cat. ".repeat(5)}`;
const PAGE_TOKENS = 32;
const sampling = { temperature: 5, topK: 0, topP: 1, minP: 0, seed: 7n };

const first = await requestFor(`${STORY} One day`, { sampling, maxTokens: 40 });
const second = await requestFor(`${STORY} At night the cat`, { sampling, maxTokens: 40 });
const [expectedFirst, expectedSecond] = await generateLocally([first, second]);

const commonTokens = first.promptIds.findIndex((id, index) => id !== second.promptIds[index]);
/** The request of a tenant that all calls of a test share. */
const calls = (request: GenerationRequest, tenant = "one") => callFor(request, { tenant });

test("the prompts have several pages in common, and then differ", () => {
  expect(commonTokens).toBeGreaterThan(2 * PAGE_TOKENS);
  expect(commonTokens % PAGE_TOKENS).not.toBe(0);
});

test("a prompt that begins like one before is answered the same, and what they share is not computed again", async () => {
  const conductor = await freshConductor({ LAPIDARY_STAGES: "3" });
  expect(await generateOn(conductor, await calls(first))).toEqual(expectedFirst);
  expect(await conductor.status()).toMatchObject({ prefixCache: { prefixes: 1, hits: 0 } });
  expect(await generateOn(conductor, await calls(second))).toEqual(expectedSecond);
  expect(await conductor.status()).toMatchObject({ prefixCache: { prefixes: 2, hits: 1, reusedTokens: commonTokens } });
  expect(await generateOn(conductor, await calls(first))).toEqual(expectedFirst);
  const { prefixCache } = await conductor.status();
  expect(prefixCache).toEqual({ prefixes: 2, hits: 2, reusedTokens: commonTokens + first.promptIds.length - 1 });
  await allFree(conductor);
});

test("an answer that is part of the next prompt is not computed again, and the longer prefix replaces the shorter", async () => {
  const conductor = await freshConductor();
  const answer = await generateOn(conductor, await calls(first));
  const longer = { ...first, promptIds: [...first.promptIds, ...answer.ids, ...first.promptIds.slice(-5)] };
  const [expected] = await generateLocally([longer]);
  expect(await generateOn(conductor, await calls(longer))).toEqual(expected);
  const fed = first.promptIds.length + answer.ids.length - 1;
  const reusedTokens = fed - (fed % PAGE_TOKENS);
  expect(reusedTokens).toBeGreaterThan(first.promptIds.length);
  expect(await conductor.status()).toMatchObject({ prefixCache: { prefixes: 1, hits: 1, reusedTokens } });
});

test("a prompt is shared as soon as it is computed, while its answer is still being drawn", async () => {
  const conductor = await freshConductor();
  const running = await conductor.generate(await calls({ ...first, maxTokens: 300 }));
  if (!running.admitted) throw new Error(running.failure.message);
  const events = running.events.getReader();
  await events.read();
  expect(await generateOn(conductor, await calls(second))).toEqual(expectedSecond);
  expect(await conductor.status()).toMatchObject({ prefixCache: { hits: 1 } });
  await events.cancel();
  await allFree(conductor);
});

test("tenants do not share, nor does a session whose prompt is to be scored", async () => {
  const conductor = await freshConductor();
  await generateOn(conductor, await calls(first));
  await generateOn(conductor, await calls(first, "another"));
  await generateOn(conductor, await callFor(first, { tenant: "one", promptLogprobs: 1 }));
  expect(await conductor.status()).toMatchObject({ prefixCache: { hits: 0 } });
});

test("prefixes give way to sessions, the least recently used first, and never take what these have reserved", async () => {
  const conductor = await freshConductor({ LAPIDARY_KV_TOKENS: "256" });
  const requests = [first, second, first, second];
  const answers = await Promise.all(
    requests.map(async (request, index) => generateOn(conductor, await calls(request, `tenant-${index}`))),
  );
  expect(answers).toEqual([expectedFirst, expectedSecond, expectedFirst, expectedSecond]);
  await allFree(conductor, 2000, 256);
  const { stages } = await conductor.status();
  for (const { replicas } of stages) {
    expect(replicas[0]!.cachedTokens).toBeGreaterThan(0);
    expect(replicas[0]!.cachedTokens).toBeLessThanOrEqual(256);
  }
});

test("a limit of 0 keeps nothing", async () => {
  const conductor = await freshConductor({ LAPIDARY_PREFIX_TOKENS: "0" });
  await generateOn(conductor, await calls(first));
  expect(await generateOn(conductor, await calls(first))).toEqual(expectedFirst);
  expect(await conductor.status()).toMatchObject({ prefixCache: { prefixes: 0, hits: 0 } });
});

test.each(["stage-0-0", "stage-1-0", "stage-2-0"] as const)(
  "what %s kept is lost with it, and computed again",
  async (name) => {
    const conductor = await freshConductor({ LAPIDARY_STAGES: "3" });
    await generateOn(conductor, await calls(first));
    await abort(await partOf(conductor, name));
    expect(await generateOn(conductor, await calls(second))).toEqual(expectedSecond);
    expect(await generateOn(conductor, await calls(second))).toEqual(expectedSecond);
    await allFree(conductor);
  },
);

test("a stage is lost in the middle of an answer that began with a prefix: the answer stays the same", async () => {
  const long = { ...second, maxTokens: 250 };
  const [expected] = await generateLocally([long]);
  const conductor = await freshConductor({ LAPIDARY_STAGES: "3" });
  await generateOn(conductor, await calls(first));
  const call = await calls(long);
  const answering = generateOn(conductor, call);
  await abortInTheMiddle(await partOf(conductor, "stage-1-0"));
  expect(await answering).toEqual(expected);
  expect(await conductor.status()).toMatchObject({ prefixCache: { hits: 1 } });
  await allFree(conductor);
});
