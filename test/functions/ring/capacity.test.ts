import { expect, test } from "vitest";
import { allFree, callFor, freshConductor, generateOn, requestFor } from "./conductors.ts";
import { generateLocally } from "./local-judge.ts";

const request = await requestFor("The capital of Peru is", { maxTokens: 40 });
const [expected] = await generateLocally([request]);

test("more requests than there are slots and pages wait for their turn, and all are answered the same", async () => {
  const conductor = await freshConductor({ LAPIDARY_MAX_SESSIONS: "3", LAPIDARY_KV_TOKENS: "128" });
  const calls = await Promise.all(Array.from({ length: 12 }, () => callFor(request)));
  const answers = await Promise.all(calls.map((call) => generateOn(conductor, call)));
  for (const answer of answers) expect(answer).toEqual(expected);
  await allFree(conductor, 2000, 128);
});

test("sessions are spread over the replicas of a stage", async () => {
  const conductor = await freshConductor({ LAPIDARY_REPLICAS: "2", LAPIDARY_KV_TOKENS: "64" });
  const calls = await Promise.all([callFor(request), callFor(request)]);
  const answers = await Promise.all(calls.map((call) => generateOn(conductor, call)));
  expect(answers).toEqual([expected, expected]);
  const { stages } = await conductor.status();
  for (const { replicas } of stages) expect(replicas.map(({ state }) => state)).toEqual(["ready", "ready"]);
});

test("what no stage could ever hold is refused with the numbers, not kept waiting", async () => {
  const conductor = await freshConductor({ LAPIDARY_KV_TOKENS: "32" });
  expect(await conductor.generate(await callFor(request))).toEqual({
    admitted: false,
    failure: { code: "unsupported", message: expect.stringMatching(/46 tokens.*32/) },
  });
});

test("a call for another model, beyond the context, or with ids out of the vocabulary is refused", async () => {
  const conductor = await freshConductor();
  const refusal = async (call: Partial<Parameters<typeof conductor.generate>[0]>) => {
    const answer = await conductor.generate(await callFor(request, call));
    return answer.admitted ? "admitted" : answer.failure.code;
  };
  expect(await refusal({ manifestHash: "0".repeat(64) })).toBe("wrong_pipeline");
  expect(await refusal({ maxTokens: 512 })).toBe("unsupported");
  expect(await refusal({ maxTokens: -1 })).toBe("unsupported");
  expect(await refusal({ promptIds: [] })).toBe("unsupported");
  expect(await refusal({ promptIds: [2, 2048] })).toBe("unsupported");
  expect(await refusal({ promptIds: [2, 1.5] })).toBe("unsupported");
});
