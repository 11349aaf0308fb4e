import { expect, test } from "vitest";
import { pipelineVars } from "../../cli/pipeline-vars.ts";
import { type PlanOptions, planModel } from "../../weights/plan.ts";
import { GEMMA_2B, GEMMA2_2B, GEMMA3_1B, GEMMA3_270M, manifestOf } from "./manifest-of.ts";

const options: PlanOptions = { budgetBytes: 118e6, contextTokens: 8192, sessions: 1, chunkRows: 32 };
/** Window of 512 or 4,096 tokens, 31 rows of the page they begin in, frames of 32 rows. */
const [WINDOW_512, WINDOW_4096] = [576, 4160];

test("layers with a window have room for the windows of one session more than asked for, or as many as are asked for", () => {
  const windowTokens = (change: Partial<PlanOptions>) =>
    planModel(manifestOf(GEMMA3_1B), { ...options, ...change }).kvWindowTokens;
  expect(windowTokens({})).toBe(2 * WINDOW_512);
  expect(windowTokens({ sessions: 3 })).toBe(4 * WINDOW_512);
  expect(windowTokens({ windowSessions: 9 })).toBe(9 * WINDOW_512);
  expect(windowTokens({ windowSessions: 100 })).toBe(8192);
  expect(windowTokens({ contextTokens: 500 })).toBe(512);
});

test("a model without windows has none, and its deployment asks for none", () => {
  const plan = planModel(manifestOf(GEMMA_2B), options);
  expect(pipelineVars(plan, 8192, 32)).toMatchObject({ LAPIDARY_KV_TOKENS: "8192", LAPIDARY_KV_WINDOW_TOKENS: "0" });
});

test.each([
  ["Gemma 3 270M", GEMMA3_270M, 1, 15 * 2 * WINDOW_512 + 3 * 8192],
  ["Gemma 2 2B", GEMMA2_2B, 4, (13 * WINDOW_4096 + 13 * 8192) * 4],
])("%s at 8,192 tokens keeps what windows show, and all tokens where there is none", (_, model, kvHeads, tokens) => {
  const windowSessions = model === GEMMA2_2B ? 1 : undefined;
  const { stages, problems } = planModel(manifestOf(model), { ...options, windowSessions });
  expect(problems).toEqual([]);
  const kvHeadBytes = 2 * (256 + 4);
  expect(stages.reduce((sum, { bytes }) => sum + bytes.kv, 0)).toBe(tokens * kvHeadBytes);
  expect(kvHeads).toBe(model.numKeyValueHeads);
});
