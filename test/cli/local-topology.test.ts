import { expect, test } from "vitest";
import { localTopology } from "../../cli/local-topology.ts";
import { readPipelineSettings } from "../../functions/settings.ts";
import { GEMMA_2B, GEMMA_7B, GEMMA2_9B, manifestOf } from "../weights/manifest-of.ts";

test.each([
  ["Gemma 2B whole", GEMMA_2B, 1, 18, 64],
  // In frames of 64 rows it would take four.
  ["Gemma 7B split in three", GEMMA_7B, 3, 28, 32],
  ["Gemma 2 9B split in two", GEMMA2_9B, 2, 42, 64],
])("%s: the plan's cut is what the Worker is told", (_, architecture, layerParts, stages, chunkRows) => {
  const { plan, vars } = localTopology(manifestOf(architecture));
  expect(plan.problems).toEqual([]);
  const { vocabularyShards } = plan;
  expect(readPipelineSettings(vars)).toMatchObject({
    ...{ layerParts, stages, chunkRows },
    vocabularyShards: vocabularyShards.length,
  });
});
