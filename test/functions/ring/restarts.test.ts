import { expect, test } from "vitest";
import { exposition } from "../../../functions/metrics/exposition.ts";
import { pipelineMetrics } from "../../../functions/metrics/pipeline-metrics.ts";
import { abort, callFor, freshConductor, generateOn, partOf, requestFor, shardOf } from "./conductors.ts";

const call = async () => callFor(await requestFor("What is 7 + 8?", { maxTokens: 2 }));

test("a part that was lost and came back is counted, and operators see it with the room that stages have", async () => {
  const conductor = await freshConductor({ LAPIDARY_STAGES: "3", LAPIDARY_KV_TOKENS: "1024" });
  await generateOn(conductor, await call());
  for (let loss = 0; loss < 2; loss++) {
    await abort(await partOf(conductor, "stage-1-0"));
    await generateOn(conductor, await call());
  }
  await abort(await shardOf(conductor, "vocabulary-1"));
  await generateOn(conductor, await call());
  const lines = exposition(pipelineMetrics(await conductor.status())).split("\n");
  expect(lines.filter((line) => /^lapidary_.*_restarts_total\{/.test(line))).toEqual([
    'lapidary_stage_restarts_total{stage="0",replica="0"} 0',
    'lapidary_stage_restarts_total{stage="1",replica="0"} 2',
    'lapidary_stage_restarts_total{stage="2",replica="0"} 0',
    'lapidary_vocabulary_shard_restarts_total{shard="0"} 0',
    'lapidary_vocabulary_shard_restarts_total{shard="1"} 1',
  ]);
  expect(lines).toContain("lapidary_stage_kv_tokens 1024");
});
