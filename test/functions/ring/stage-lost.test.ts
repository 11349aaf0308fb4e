import { expect, test } from "vitest";
import {
  abort,
  abortInTheMiddle,
  allFree,
  type ConductorStub,
  callFor,
  freshConductor,
  generateOn,
  partOf,
  shardOf,
  storyFor,
} from "./conductors.ts";
import { generateLocally } from "./local-judge.ts";

const request = await storyFor(250);
const short = { ...request, maxTokens: 8 };
const [expected, expectedShort] = await generateLocally([request, short]);

const PARTS: readonly [string, (conductor: ConductorStub) => ReturnType<typeof partOf> | ReturnType<typeof shardOf>][] =
  [
    ["the first stage", (conductor) => partOf(conductor, "stage-0-0")],
    ["a middle stage", (conductor) => partOf(conductor, "stage-1-0")],
    ["the last stage", (conductor) => partOf(conductor, "stage-2-0")],
    ["a vocabulary shard", (conductor) => shardOf(conductor, "vocabulary-1")],
  ];

test("the answer is long enough to be interrupted", () => {
  expect(expected!.ids.length).toBe(250);
});

test.each(PARTS)("%s is lost between two requests: the second is answered the same", async (_, partOf) => {
  const conductor = await freshConductor({ LAPIDARY_STAGES: "3" });
  expect(await generateOn(conductor, await callFor(short))).toEqual(expectedShort);
  await abort(await partOf(conductor));
  expect(await generateOn(conductor, await callFor(short))).toEqual(expectedShort);
  expect(await (await partOf(conductor)).report()).toMatchObject({ state: "ready" });
  await allFree(conductor);
});

test.each(PARTS)("%s is lost in the middle of an answer: the answer stays the same", async (_, partOf) => {
  const conductor = await freshConductor({ LAPIDARY_STAGES: "3", LAPIDARY_CHUNK_ROWS: "5" });
  // Loads, so that the parts are there to be watched.
  await generateOn(conductor, await callFor({ ...request, maxTokens: 1 }));
  const part = await partOf(conductor);
  await abortInTheMiddle(part);
  expect(await generateOn(conductor, await callFor(request))).toEqual(expected);
  await expect(async () => await part.report()).rejects.toThrow("aborted by a test");
  expect(await (await partOf(conductor)).report()).toMatchObject({ state: "ready" });
  await allFree(conductor);
});
