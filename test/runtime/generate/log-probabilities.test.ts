import { describe, expect, it } from "vitest";
import { type GenerationRequest, generate, type PromptEvent, type TokenEvent } from "../../../runtime/generate.ts";
import type { LocalModel } from "../../../runtime/local-model.ts";
import { logSumExp } from "../../../runtime/sampling/log-sum-exp.ts";
import { allLogits } from "../all-logits.ts";
import { demoManifest, openDemoModel, PERU_ANSWER, PERU_PROMPT } from "../demo-model.ts";

const VOCABULARY = demoManifest.architecture.vocabSize;
const sampling = { temperature: 0, topK: 0, topP: 1, minP: 0, seed: 4n };
const request: GenerationRequest = { promptIds: PERU_PROMPT, sampling, maxTokens: 6, stopIds: [], stop: [] };

async function scoresOf(model: LocalModel, change: Partial<GenerationRequest>) {
  const tokens: TokenEvent[] = [];
  const prompts: PromptEvent[] = [];
  for await (const event of generate(model.openSession(), null, { ...request, ...change })) {
    if (event.type === "token") tokens.push(event);
    if (event.type === "prompt") prompts.push(event);
  }
  const drawn = tokens.flatMap((event) => event.logprobs ?? []);
  return { ids: tokens.flatMap((event) => event.ids), drawn, prompt: prompts.flatMap((event) => event.logprobs) };
}

const model = await openDemoModel();
const ids = [...PERU_PROMPT, ...PERU_ANSWER.slice(0, 5)];
const logits = await allLogits(model, ids);
/** The definition, with all logits of the row that precedes position `position`. */
function direct(position: number, id: number): number {
  const row = logits.subarray((position - 1) * VOCABULARY, position * VOCABULARY);
  return row[id]! - logSumExp(row);
}

describe("log-probabilities", () => {
  it("of drawn tokens are those of the model's whole distribution", async () => {
    const { ids: drawnIds, drawn } = await scoresOf(model, { logprobs: 5 });
    expect(drawnIds).toEqual(PERU_ANSWER.slice(0, 6));
    expect(drawn.map(({ id }) => id)).toEqual(drawnIds);
    for (const [index, { id, logprob, top }] of drawn.entries()) {
      const position = PERU_PROMPT.length + index;
      expect(logprob).toBeCloseTo(direct(position, id), 6);
      expect(top).toHaveLength(5);
      for (const entry of top) expect(entry.logprob).toBeCloseTo(direct(position, entry.id), 6);
      expect(top.map((entry) => entry.logprob)).toEqual(top.map((entry) => entry.logprob).toSorted((a, b) => b - a));
      // Greedy: the token is the best, to the bit.
      expect(top[0]).toEqual({ id, logprob });
    }
  });

  it("of the prompt are each given what precedes it", async () => {
    const { prompt, drawn } = await scoresOf(model, { promptLogprobs: 2, maxTokens: 1 });
    expect(drawn).toEqual([]);
    expect(prompt[0]).toBeNull();
    expect(prompt.slice(1).map((token) => token!.id)).toEqual(PERU_PROMPT.slice(1));
    for (const [position, token] of prompt.entries())
      if (token) expect(token.logprob).toBeCloseTo(direct(position, token.id), 6);
  });

  it("are of the raw distribution, whatever penalties, temperature and cuts do to the draw", async () => {
    const plain = await scoresOf(model, { logprobs: 3, maxTokens: 1 });
    const bent = await scoresOf(model, {
      logprobs: 3,
      maxTokens: 1,
      sampling: {
        ...sampling,
        temperature: 1.4,
        topK: 50,
        logitBias: [[PERU_ANSWER[0]!, -100]],
        repetitionPenalty: 1.3,
      },
    });
    expect(bent.ids).not.toEqual(plain.ids);
    expect(bent.drawn[0]!.top).toEqual(plain.drawn[0]!.top);
    expect(bent.drawn[0]!.logprob).toBeCloseTo(direct(PERU_PROMPT.length, bent.ids[0]!), 6);
  });

  it("are the same bits however the model is cut and the prompt chunked", async () => {
    const all = { logprobs: 4, promptLogprobs: 4, sampling: { ...sampling, temperature: 1 } };
    const expected = await scoresOf(model, all);
    for (const cut of [{ stages: [2, 4], vocabularyShards: [1, 1] }, { chunkRows: 5 }, { chunkRows: 1 }])
      expect(await scoresOf(await openDemoModel(cut), all)).toEqual(expected);
  });

  it("of a prompt can be had without drawing anything", async () => {
    const { ids: drawnIds, prompt } = await scoresOf(model, { promptLogprobs: 0, maxTokens: 0 });
    expect(drawnIds).toEqual([]);
    expect(prompt).toHaveLength(PERU_PROMPT.length);
    expect(prompt[1]).toMatchObject({ id: PERU_PROMPT[1], top: [] });
    expect((await scoresOf(model, { promptIds: [2], promptLogprobs: 0, maxTokens: 0 })).prompt).toEqual([null]);
  });

  it("of the whole vocabulary add up to one", async () => {
    const { drawn } = await scoresOf(model, { logprobs: VOCABULARY, maxTokens: 1 });
    expect(drawn[0]!.top).toHaveLength(VOCABULARY);
    const total = drawn[0]!.top.reduce((sum, { logprob }) => sum + Math.exp(logprob), 0);
    expect(total).toBeCloseTo(1, 6);
  });
});
