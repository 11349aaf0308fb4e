import { expect, test } from "vitest";
import {
  abort,
  abortInTheMiddle,
  allFree,
  callFor,
  freshConductor,
  generateOn,
  partOf,
  requestFor,
  storyFor,
} from "./conductors.ts";
import { generateLocally } from "./local-judge.ts";

const story = await storyFor(120);
const short = { ...story, maxTokens: 8 };
const greedy = await requestFor("The capital of Peru is");
const requests = [short, greedy];

test.each([
  { LAPIDARY_LAYER_PARTS: "2", LAPIDARY_STAGES: "3" },
  { LAPIDARY_LAYER_PARTS: "4", LAPIDARY_STAGES: "2", LAPIDARY_CHUNK_ROWS: "5" },
])("layers in $LAPIDARY_LAYER_PARTS parts answer what one process does that splits them so (%o)", async (settings) => {
  const expected = await generateLocally(requests, "simd", undefined, Number(settings.LAPIDARY_LAYER_PARTS));
  const conductor = await freshConductor(settings);
  const calls = await Promise.all([...requests, ...requests].map((request) => callFor(request)));
  const answers = await Promise.all(calls.map((call) => generateOn(conductor, call)));
  expect(answers).toEqual([...expected, ...expected]);
  const { stages } = await conductor.status();
  for (const { replicas } of stages) {
    const { helpers, freeKvTokens } = replicas[0]!;
    expect(helpers.length).toBe(Number(settings.LAPIDARY_LAYER_PARTS) - 1);
    for (const helper of helpers) expect(helper).toMatchObject({ state: "ready", links: 1, freeKvTokens });
  }
  await allFree(conductor);
});

test("a session begins with what another computed, in every part", async () => {
  const prompt =
    "A long line of people waited in front of the small theatre, and all of them talked about the weather. ";
  const request = await requestFor(prompt.repeat(2), { maxTokens: 12 });
  const [expected] = await generateLocally([request], "simd", undefined, 2);
  const conductor = await freshConductor({ LAPIDARY_LAYER_PARTS: "2" });
  const call = await callFor(request);
  expect(await generateOn(conductor, call)).toEqual(expected);
  expect(await generateOn(conductor, await callFor(request, { tenant: call.tenant }))).toEqual(expected);
  expect((await conductor.status()).prefixCache.hits).toBe(1);
  await allFree(conductor);
});

test("a helper is lost between two requests, and in the middle of an answer: the answers stay the same", async () => {
  const [expected, expectedShort] = await generateLocally([story, short], "simd", undefined, 2);
  expect(expected!.ids.length).toBe(120);
  const conductor = await freshConductor({ LAPIDARY_LAYER_PARTS: "2", LAPIDARY_CHUNK_ROWS: "5" });
  expect(await generateOn(conductor, await callFor(short))).toEqual(expectedShort);
  const helper = await partOf(conductor, "stage-1-0-part-1");
  await abort(helper);
  expect((await conductor.status()).stages[1]!.replicas[0]!.state).not.toBe("ready");
  expect(await generateOn(conductor, await callFor(short))).toEqual(expectedShort);
  await abortInTheMiddle(await partOf(conductor, "stage-1-0-part-1"));
  expect(await generateOn(conductor, await callFor(story))).toEqual(expected);
  await expect(async () => await helper.report()).rejects.toThrow("aborted by a test");
  expect(await (await partOf(conductor, "stage-1-0-part-1")).report()).toMatchObject({ state: "ready", links: 1 });
  await allFree(conductor);
});

test("the stage that leads is lost in the middle of an answer: its helper forgets, the answer stays the same", async () => {
  const [expected] = await generateLocally([story], "simd", undefined, 2);
  const conductor = await freshConductor({ LAPIDARY_LAYER_PARTS: "2", LAPIDARY_PREFIX_TOKENS: "0" });
  await generateOn(conductor, await callFor({ ...story, maxTokens: 1 }));
  await abortInTheMiddle(await partOf(conductor, "stage-0-0"));
  expect(await generateOn(conductor, await callFor(story))).toEqual(expected);
  await allFree(conductor);
  expect(await (await partOf(conductor, "stage-0-0-part-1")).report()).toMatchObject({ sessions: 0, links: 1 });
});

test("a width that the model's heads do not allow is refused", async () => {
  const conductor = await freshConductor({ LAPIDARY_LAYER_PARTS: "5" });
  expect(await conductor.generate(await callFor(greedy))).toMatchObject({
    admitted: false,
    failure: { message: expect.stringMatching(/cannot be split into 5 parts: it has 4 heads/) },
  });
});
