import { expect, test } from "vitest";
import { openDemoModel, PERU_ANSWER, PERU_PROMPT } from "../../runtime/demo-model.ts";
import { DEMO_MODEL } from "./bench-model.ts";
import { OneProcessSequence } from "./one-process-sequence.ts";
import { openBenchModel } from "./open-model.ts";
import { TimedKernels } from "./timed-kernels.ts";

const timed = new TimedKernels(() => performance.now());
const model = await openBenchModel(DEMO_MODEL, {
  build: "relaxed",
  kvTokens: 64,
  chunkRows: 64,
  wrap: (kernels) => timed.wrap(kernels),
});

test("every kernel call of a step is kept under its name and size, and the calls make up the step's time", async () => {
  const sequence = new OneProcessSequence(model);
  await sequence.evaluate([PERU_PROMPT]);
  timed.begin();
  const ms = await sequence.evaluate([[PERU_ANSWER[0]!], [PERU_ANSWER[1]!]]);
  const { numHiddenLayers, intermediateSize, hiddenSize, vocabSize } = model.manifest.architecture;
  const count = (name: string) => timed.calls.filter(({ kernel }) => kernel === name).length;
  expect(count("attention")).toBe(2 * numHiddenLayers);
  expect(count(`4 bit ${hiddenSize} × ${intermediateSize}`)).toBe(2 * numHiddenLayers);
  expect(count(`8 bit ${vocabSize} × ${hiddenSize}`)).toBe(2);
  expect(timed.calls.reduce((sum, call) => sum + call.beforeMs + call.ms, 0)).toBeLessThanOrEqual(ms + 1);
});

test("timed kernels compute what the kernels do", async () => {
  const plain = await openDemoModel();
  for await (const logits of model.logits(PERU_PROMPT))
    for await (const expected of plain.logits(PERU_PROMPT)) expect(logits).toEqual(expected);
});
