import { expect, test } from "vitest";
import { allFree, callFor, freshConductor, generateOn, requestFor } from "./conductors.ts";
import { generateLocally } from "./local-judge.ts";

const requests = await Promise.all([
  requestFor("The capital of Peru is"),
  requestFor("Once upon a time there was a small house in the forest, and", {
    sampling: { temperature: 0.9, topK: 40, topP: 0.95, minP: 0, seed: 7n },
  }),
  requestFor("x", { sampling: { temperature: 1, topK: 0, topP: 1, minP: 0, seed: 2n ** 63n + 5n }, maxTokens: 12 }),
  requestFor("One, two, three,", {
    sampling: { temperature: 1.5, topK: 0, topP: 0.999, minP: 0, seed: 3n },
    maxTokens: 12,
  }),
]);
const expected = await generateLocally(requests);

test.each([
  { LAPIDARY_STAGES: "1", LAPIDARY_VOCABULARY_SHARDS: "1" },
  { LAPIDARY_STAGES: "3" },
  { LAPIDARY_STAGES: "6" },
  { LAPIDARY_STAGES: "3", LAPIDARY_CHUNK_ROWS: "5" },
  { LAPIDARY_STAGES: "2", LAPIDARY_VOCABULARY_SHARDS: "1", LAPIDARY_CHUNK_ROWS: "1" },
])("a ring of $LAPIDARY_STAGES stages answers what one process does (%o)", async (settings) => {
  const conductor = await freshConductor(settings);
  for (const [index, request] of requests.entries()) {
    expect(await generateOn(conductor, await callFor(request))).toEqual(expected[index]);
  }
  const { stages, shards } = await conductor.status();
  expect([stages.length, shards.length].map(String)).toEqual([
    settings.LAPIDARY_STAGES,
    settings.LAPIDARY_VOCABULARY_SHARDS ?? "2",
  ]);
  await allFree(conductor);
});

test("two replicas of each stage answer what one process does, while they serve others", async () => {
  const conductor = await freshConductor({ LAPIDARY_STAGES: "3", LAPIDARY_REPLICAS: "2", LAPIDARY_CHUNK_ROWS: "5" });
  const calls = await Promise.all([...requests, ...requests].map((request) => callFor(request)));
  const answers = await Promise.all(calls.map((call) => generateOn(conductor, call)));
  expect(answers).toEqual([...expected, ...expected]);
  const { stages } = await conductor.status();
  for (const { replicas } of stages) expect(replicas.map(({ state }) => state)).toEqual(["ready", "ready"]);
  await allFree(conductor);
});
