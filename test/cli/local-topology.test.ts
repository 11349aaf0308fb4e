import { expect, test } from "vitest";
import { localTopology } from "../../cli/local-topology.ts";
import { readPipelineSettings } from "../../functions/settings.ts";
import { GEMMA_2B, GEMMA_7B, manifestOf } from "../weights/manifest-of.ts";

test.each([
  ["Gemma 2B whole", GEMMA_2B, 1, 18],
  ["Gemma 7B split in four", GEMMA_7B, 4, 28],
])("%s: the plan's cut is what the Worker is told", (_, architecture, layerParts, stages) => {
  const { plan, vars } = localTopology(manifestOf(architecture));
  expect(plan.problems).toEqual([]);
  const { vocabularyShards } = plan;
  expect(readPipelineSettings(vars)).toMatchObject({ layerParts, stages, vocabularyShards: vocabularyShards.length });
});
