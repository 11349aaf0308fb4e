import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { readEvents } from "../../../functions/generation-events.ts";
import { constraintOn } from "../../../functions/grammars.ts";
import { deployedModel } from "../../../functions/model.ts";
import type { GenerateAnswer } from "../../../functions/pipeline/generation-call.ts";
import type { ConstraintSpecification } from "../../../runtime/constrain/specification.ts";
import { abort, allFree, callFor, freshConductor, generateOn, requestFor } from "./conductors.ts";
import { generateLocally } from "./local-judge.ts";

const constraint: ConstraintSpecification = {
  type: "json_schema",
  schema: {
    type: "object",
    properties: { name: { type: "string", maxLength: 30 }, rest: { type: "array", items: {}, minItems: 2 } },
    required: ["name", "rest"],
  },
};
const request = await requestFor("Once upon a time", {
  sampling: { temperature: 1.2, topK: 0, topP: 0.999, minP: 0, seed: 9n },
  maxTokens: 90,
});
const model = await deployedModel(env);
const limits = { maxTokens: request.maxTokens, stopIds: request.stopIds };
const [expected] = await generateLocally([{ ...request, constraint: await constraintOn(model, constraint, limits) }]);

test("the judge's answer ends by itself and is what the schema says", () => {
  expect(expected!.finish).toBe("stop");
  expect(JSON.parse(expected!.text).rest.length).toBeGreaterThanOrEqual(2);
});

test.each([
  { LAPIDARY_STAGES: "1", LAPIDARY_VOCABULARY_SHARDS: "1" },
  { LAPIDARY_STAGES: "3", LAPIDARY_VOCABULARY_SHARDS: "2", LAPIDARY_CHUNK_ROWS: "3" },
])("a ring (%o) gives the same answer under the same constraint", async (settings) => {
  const conductor = await freshConductor(settings);
  expect(await generateOn(conductor, await callFor(request, { constraint }))).toEqual(expected);
  await allFree(conductor);
});

test("a lost conductor's next life goes on under the constraint where the first was", async () => {
  const conductor = await freshConductor();
  const call = await callFor(request, { constraint });
  const begun = await idsOf(await conductor.generate(call), 20);
  await abort(conductor);
  // What its reader has is told again.
  const whole = await idsOf(await env.CONDUCTOR.get(conductor.id).resume(call.id, begun.length, begun));
  expect(whole).toEqual(expected!.ids);
});

/** Reads up to `tokens` tokens, and leaves the rest unread. */
async function idsOf(answer: GenerateAnswer, tokens = Number.POSITIVE_INFINITY): Promise<number[]> {
  if (!answer.admitted) throw new Error(answer.failure.message);
  const ids: number[] = [];
  for await (const event of readEvents(answer.events, new AbortController().signal)) {
    if (event.type === "token") ids.push(...event.ids);
    if (ids.length >= tokens) break;
  }
  return ids;
}
