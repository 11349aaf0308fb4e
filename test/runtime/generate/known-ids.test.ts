import { expect, test } from "vitest";
import { type GenerationOutput, type GenerationRequest, generate } from "../../../runtime/generate.ts";
import { Tokenizer } from "../../../runtime/tokenizer/tokenizer.ts";
import { byteIds, idOf, smallTokenizerFile } from "../tokenizer/small-vocabulary.ts";
import { ScriptedPipeline } from "./scripted-pipeline.ts";

const tokenizer = new Tokenizer(smallTokenizerFile);
const EOS = idOf("<eos>");
const request: GenerationRequest = {
  promptIds: [2, 9, 8],
  sampling: { temperature: 0, topK: 0, topP: 1, minP: 0, seed: 0n },
  maxTokens: 100,
  stopIds: [EOS],
  stop: [],
};
/** A character of several bytes: its text comes with the last of them. */
const script = [...tokenizer.encode(" the user"), ...byteIds(0xe2, 0x82, 0xac), EOS];

async function run(pipeline: ScriptedPipeline, change: Partial<GenerationRequest>): Promise<GenerationOutput[]> {
  const events: GenerationOutput[] = [];
  for await (const event of generate(pipeline, tokenizer, { ...request, ...change })) events.push(event);
  return events;
}

const undisturbed = await run(new ScriptedPipeline(script), {});

test.each(script.map((_, count) => count + 1))(
  "an answer goes on after its first %i tokens with the same events",
  async (count) => {
    const pipeline = new ScriptedPipeline(script.slice(count));
    expect(await run(pipeline, { knownIds: script.slice(0, count) })).toEqual(undisturbed);
    expect(pipeline.fed).toEqual(count === script.length ? [] : [...request.promptIds, ...script.slice(0, -1)]);
    expect(pipeline.closed).toBe(1);
  },
);

test("known tokens count for maxTokens, stop strings and penalties as drawn ones do", async () => {
  const knownIds = script.slice(0, 2);
  const done = async (change: Partial<GenerationRequest>) =>
    (await run(new ScriptedPipeline(script.slice(2)), { knownIds, ...change })).at(-1);
  expect(await done({ maxTokens: 2 })).toMatchObject({ finish: "length", completionTokens: 2 });
  expect(await done({ stop: [" the"] })).toMatchObject({ finish: "stop" });
  const penalised = new ScriptedPipeline([knownIds[0]!, EOS], 1);
  const sampling = { ...request.sampling, presencePenalty: 2 };
  const [, , next] = await run(penalised, { knownIds, sampling, maxTokens: 3 });
  expect(next).not.toMatchObject({ ids: [knownIds[0]] });
});

test("known tokens are told without log-probabilities, drawn ones with them", async () => {
  const events = await run(new ScriptedPipeline(script.slice(1)), { knownIds: script.slice(0, 1), logprobs: 1 });
  expect(events.slice(0, 2).map((event) => "logprobs" in event)).toEqual([false, true]);
});
