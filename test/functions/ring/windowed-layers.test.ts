import { expect, test } from "vitest";
import { pipelineMetrics } from "../../../functions/metrics/pipeline-metrics.ts";
import { mostWindowPages } from "../../../weights/kv-window.ts";
import { abortInTheMiddle, allFree, callFor, freshConductor, generateOn, partOf, requestFor } from "./conductors.ts";
import { generateLocally } from "./local-judge.ts";
import { deployWindows } from "./windowed-model.ts";

const WINDOW = 48;
const CHUNK_ROWS = 16;
const PAGE_TOKENS = 32;
/** What one session keeps of layers with a window at most. */
const SESSION_TOKENS = mostWindowPages(WINDOW, CHUNK_ROWS) * PAGE_TOKENS;
const KV_TOKENS = 2048;

await deployWindows(WINDOW);

const sampling = { temperature: 5, topK: 0, topP: 1, minP: 0, seed: 7n };
const STORY = `Once upon a time ${"there was a small house in the forest, and in it lived an old woman with a cat. ".repeat(5)}`;
const requests = await Promise.all(
  ["One day", "At night the cat", "In the morning a dog came", "When winter came"].map((end) =>
    requestFor(`${STORY} ${`${end} there was nobody at home. `.repeat(6)}`, { sampling, maxTokens: 100 }),
  ),
);
const expected = await generateLocally(requests);
const commonTokens = requests[0]!.promptIds.findIndex((id, index) => id !== requests[1]!.promptIds[index]);

/** Room for the windows of `sessions` sessions; of three layers of a stage, two have one. */
const settingsFor = (sessions: number) => ({
  LAPIDARY_STAGES: "2",
  LAPIDARY_CHUNK_ROWS: String(CHUNK_ROWS),
  LAPIDARY_KV_TOKENS: String(KV_TOKENS),
  LAPIDARY_KV_WINDOW_TOKENS: String(sessions * SESSION_TOKENS),
});

test("prompts and answers go far beyond the window", () => {
  expect(commonTokens).toBeGreaterThan(2 * WINDOW);
  for (const { promptIds } of requests) expect(promptIds.length).toBeGreaterThan(commonTokens + WINDOW);
  for (const { ids } of expected) expect(ids.length).toBeGreaterThan(WINDOW);
});

test("sessions wait for room for their windows, and answer the same", async () => {
  const conductor = await freshConductor(settingsFor(2));
  const answers = await Promise.all(
    requests.map(async (request) => await generateOn(conductor, await callFor(request))),
  );
  expect(answers).toEqual(expected);
  await allFree(conductor, 2000, KV_TOKENS, 2 * SESSION_TOKENS);
});

test("a next turn begins where the answer ended, in room for a single session", async () => {
  const conductor = await freshConductor(settingsFor(1));
  const call = { tenant: "one" };
  const answer = await generateOn(conductor, await callFor(requests[0]!, call));
  const longer = { ...requests[0]!, promptIds: [...requests[0]!.promptIds, ...answer.ids, 5, 6, 7, 8, 9] };
  const [expectedNext] = await generateLocally([longer]);
  expect(await generateOn(conductor, await callFor(longer, call))).toEqual(expectedNext);
  const fed = requests[0]!.promptIds.length + answer.ids.length - 1;
  expect(await conductor.status()).toMatchObject({
    prefixCache: { hits: 1, reusedTokens: fed - (fed % PAGE_TOKENS) },
  });
  await allFree(conductor, 2000, KV_TOKENS, SESSION_TOKENS);
});

test("prompts that part early are computed in full once; from then on what they share is not computed again", async () => {
  const conductor = await freshConductor(settingsFor(4));
  const call = { tenant: "one" };
  const branch = commonTokens - (commonTokens % PAGE_TOKENS);
  for (const [index, request] of requests.entries()) {
    expect(await generateOn(conductor, await callFor(request, call))).toEqual(expected[index]);
    const hits = Math.max(0, index - 1);
    expect(await conductor.status()).toMatchObject({ prefixCache: { hits, reusedTokens: hits * branch } });
  }
  await allFree(conductor, 2000, KV_TOKENS, 4 * SESSION_TOKENS);
});

test("a stage is lost in the middle of an answer that began with a prefix: the answer stays the same", async () => {
  const conductor = await freshConductor(settingsFor(4));
  const call = { tenant: "one" };
  for (const request of requests.slice(0, 2)) await generateOn(conductor, await callFor(request, call));
  const answering = generateOn(conductor, await callFor(requests[2]!, call));
  await abortInTheMiddle(await partOf(conductor, "stage-1-0"));
  expect(await answering).toEqual(expected[2]);
  await allFree(conductor, 2000, KV_TOKENS, 4 * SESSION_TOKENS);
});

test("stages whose layers all have a window, or none, answer the same", async () => {
  const conductor = await freshConductor({ ...settingsFor(1), LAPIDARY_STAGES: "6" });
  expect(await generateOn(conductor, await callFor(requests[0]!))).toEqual(expected[0]);
  const { stages } = await conductor.status();
  const windowed = stages.map(({ replicas }) => replicas[0]!.freeKvWindowTokens !== undefined);
  expect(windowed).toEqual([true, true, false, true, true, false]);
});

test("metrics tell how much of the windows' room is promised and kept", async () => {
  const conductor = await freshConductor(settingsFor(2));
  await generateOn(conductor, await callFor(requests[0]!));
  await allFree(conductor, 2000, KV_TOKENS, 2 * SESSION_TOKENS);
  const metrics = new Map(pipelineMetrics(await conductor.status()).map(({ name, samples }) => [name, samples]));
  const values = (name: string) => metrics.get(`lapidary_stage_kv_window_${name}`)!.map(({ value }) => value);
  expect(values("tokens")).toEqual([2 * SESSION_TOKENS]);
  expect(values("reserved_tokens")).toEqual([0, 0]);
  for (const value of values("cached_tokens")) expect(value).toBeGreaterThanOrEqual(WINDOW);
});

test("layers split over objects give back the pages of every part", async () => {
  const conductor = await freshConductor({ ...settingsFor(2), LAPIDARY_LAYER_PARTS: "2", LAPIDARY_STAGES: "1" });
  const [expectedSplit] = await generateLocally(requests.slice(0, 1), "simd", undefined, 2);
  expect(await generateOn(conductor, await callFor(requests[0]!))).toEqual(expectedSplit);
  await allFree(conductor, 2000, KV_TOKENS, 2 * SESSION_TOKENS);
});
