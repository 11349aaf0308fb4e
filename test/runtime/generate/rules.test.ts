import { describe, expect, it } from "vitest";
import { type GenerationRequest, generate } from "../../../runtime/generate.ts";
import type { SamplingParameters } from "../../../runtime/sampling/selection.ts";
import { ScriptedPipeline } from "./scripted-pipeline.ts";

const EOS = 1;
const STOP = 9;
const greedy = { temperature: 0, topK: 0, topP: 1, minP: 0, seed: 0n };
const request: GenerationRequest = { promptIds: [2, 7], sampling: greedy, maxTokens: 4, stopIds: [], stop: [] };

/** The ids of a model in which the next wanted id leads by 15 and all others are equal: then the lowest is drawn. */
async function idsOf(wanted: readonly number[], change: Partial<GenerationRequest>): Promise<number[]> {
  const ids: number[] = [];
  for await (const event of generate(new ScriptedPipeline(wanted, 15), null, { ...request, ...change }))
    if (event.type === "token") ids.push(...event.ids);
  return ids;
}

const sampled = (rules: Partial<SamplingParameters>) => ({ sampling: { ...greedy, ...rules } });

describe("what was drawn before", () => {
  it("is worth less by the frequency penalty for every time", async () => {
    expect(await idsOf([5, 5, 5, 5], sampled({ frequencyPenalty: 8 }))).toEqual([5, 5, 0, 1]);
  });

  it("is worth less by the presence penalty once", async () => {
    expect(await idsOf([5, 5, 5, 5], sampled({ presencePenalty: 14 }))).toEqual([5, 5, 5, 5]);
    expect(await idsOf([5, 5, 5, 5], sampled({ presencePenalty: 16 }))).toEqual([5, 0, 1, 2]);
  });

  it("counts for those two in the answer alone", async () => {
    const rules = sampled({ frequencyPenalty: 16, presencePenalty: 16 });
    expect(await idsOf([7, 2], { ...rules, maxTokens: 2 })).toEqual([7, 2]);
  });

  it("is worth more when they are negative", async () => {
    expect(await idsOf([5, 6, 6, 6], sampled({ frequencyPenalty: -8 }))).toEqual([5, 6, 6, 6]);
    expect(await idsOf([5, 5, 6, 6], sampled({ frequencyPenalty: -8 }))).toEqual([5, 5, 5, 5]);
  });

  it("meets the repetition penalty, in the prompt too", async () => {
    // Id 8 has 2; the wanted id has 15, or an eighth of that where it was said before.
    const rules = sampled({ repetitionPenalty: 8, logitBias: [[8, 2]] });
    expect(await idsOf([7], { ...rules, maxTokens: 1 })).toEqual([8]);
    expect(await idsOf([6, 6], { ...rules, maxTokens: 2 })).toEqual([6, 8]);
  });
});

describe("a bias", () => {
  it("moves single ids, up and down", async () => {
    const logitBias = [
      [5, -100],
      [40, 3],
    ] as const;
    expect(await idsOf([5, 6], { ...sampled({ logitBias }), maxTokens: 2 })).toEqual([40, 6]);
  });
});

describe("min tokens", () => {
  it("bans every stop id until then, however far it leads", async () => {
    const wanted = [EOS, STOP, EOS, STOP];
    expect(await idsOf(wanted, { stopIds: [EOS, STOP, EOS], minTokens: 2, maxTokens: 9 })).toEqual([0, 0, EOS]);
  });
});

describe("a constraint", () => {
  it("is asked before every draw and told what was drawn", async () => {
    const told: number[] = [];
    const constraint = {
      // Ids 64 and 70 in turn, of which the model wants none.
      allowed: () => Uint32Array.of(0, 0, told.length % 2 === 0 ? 1 : 1 << 6),
      accept: (id: number) => told.push(id),
    };
    expect(await idsOf([5, 5, 5, 5], { constraint })).toEqual([64, 70, 64, 70]);
    expect(told).toEqual([64, 70, 64, 70]);
  });

  it("that leaves nothing to draw is an error", async () => {
    const constraint = { allowed: () => new Uint32Array(0), accept: () => {} };
    await expect(idsOf([5], { constraint })).rejects.toMatchObject({ code: "unsupported" });
  });
});

describe("known ids", () => {
  it("are given out without a draw and count as drawn", async () => {
    const rules = sampled({ frequencyPenalty: 8 });
    const pipeline = new ScriptedPipeline([5, 5], 15);
    const ids: number[] = [];
    for await (const event of generate(pipeline, null, { ...request, ...rules, knownIds: [5, 5] }))
      if (event.type === "token") ids.push(...event.ids);
    // Fed in one step with the prompt; the script begins after what is fed first.
    expect(pipeline.fed.slice(0, 4)).toEqual([2, 7, 5, 5]);
    expect(ids).toEqual([5, 5, 0, 1]);
  });

  it("that end the answer need no step", async () => {
    const pipeline = new ScriptedPipeline([]);
    const events = [];
    for await (const event of generate(pipeline, null, { ...request, knownIds: [5, EOS], stopIds: [EOS] }))
      events.push(event);
    expect(events.at(-1)).toEqual({ type: "done", finish: "stop", promptTokens: 2, completionTokens: 2 });
    expect(pipeline.fed).toEqual([]);
  });
});
