import { expect, test } from "vitest";
import type { GenerateCall } from "../../../functions/pipeline/generation-call.ts";
import { eventsLocally, eventsOn } from "./all-events.ts";
import { allFree, callFor, freshConductor, GREEDY, requestFor } from "./conductors.ts";

type Rules = Partial<Pick<GenerateCall, "sampling" | "maxTokens" | "minTokens" | "logprobs" | "promptLogprobs">>;

const sampled = { temperature: 1, topK: 0, topP: 1, minP: 0, seed: 21n };
const prompt = await requestFor("Once upon a time there was a small house in the forest, and");
const [opening] = await eventsLocally([{ ...prompt, maxTokens: 1 }]);
const [leader] = opening!.flatMap((event) => (event.type === "token" ? event.ids : []));

/** Every rule that edits logits in the shards, and everything a shard may tell about them. */
const cases: [name: string, change: Rules][] = [
  [
    "penalties",
    { sampling: { ...sampled, repetitionPenalty: 1.3, frequencyPenalty: 0.5, presencePenalty: 0.4, topP: 0.9 } },
  ],
  [
    "a bias, and a ban of the best token",
    {
      sampling: {
        ...GREEDY,
        logitBias: [
          [leader!, -100],
          [1000, 2.5],
        ],
      },
    },
  ],
  ["minimum tokens", { minTokens: 20, sampling: { ...sampled, minP: 0.05 } }],
  ["log-probabilities", { sampling: sampled, logprobs: 5 }],
  [
    "log-probabilities of a draw that asks twice",
    { sampling: { ...sampled, temperature: 1.5, topP: 0.999 }, logprobs: 2 },
  ],
  ["log-probabilities of prompt and answer", { logprobs: 3, promptLogprobs: 3, maxTokens: 4 }],
  ["a prompt's log-probabilities alone", { promptLogprobs: 1, maxTokens: 0 }],
];
const expected = await eventsLocally(cases.map(([, rules]) => ({ ...prompt, ...rules })));

test.each([
  { LAPIDARY_STAGES: "1", LAPIDARY_VOCABULARY_SHARDS: "1" },
  { LAPIDARY_STAGES: "3", LAPIDARY_CHUNK_ROWS: "5" },
])("a ring tells the very events of one process (%o)", async (settings) => {
  const conductor = await freshConductor(settings);
  for (const [index, [name, rules]] of cases.entries())
    expect(await eventsOn(conductor, await callFor(prompt, rules)), name).toEqual(expected[index]);
  await allFree(conductor);
});

test("a banned token is not drawn, and every rule changes the answer", () => {
  const ids = expected.map((events) => events.flatMap((event) => (event.type === "token" ? event.ids : [])));
  expect(ids[1]).not.toContain(leader);
  expect(ids[2]!.length).toBeGreaterThanOrEqual(20);
  expect(new Set(ids.slice(0, 5).map(String)).size).toBe(5);
});
