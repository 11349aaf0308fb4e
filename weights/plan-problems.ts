import type { Plan, PlanOptions, StagePlan } from "./plan.ts";
import { type IsolateBytes, JS_HEAP_BYTES, WASM_CODE_BYTES } from "./plan-memory.ts";

type Parts = Pick<Plan, "layerParts" | "stages" | "vocabularyShards">;

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

/** What of a plan is over its budget, and what would help: a sentence for the stages, and one for the table. */
export function findProblems({ layerParts, stages, vocabularyShards }: Parts, options: PlanOptions): string[] {
  const { budgetBytes } = options;
  const describe = (part: string, count: number, over: number, needed: number, cure: string) =>
    `${part} needs ${megabytes(needed)}, the budget is ${megabytes(budgetBytes)}` +
    `${over > 1 ? ` (${over} of ${count} are over it)` : ""}: ${cure}`;
  const problems: string[] = [];

  const largeStages = stages.filter(({ bytes }) => bytes.total > budgetBytes);
  const stage = largest(largeStages);
  if (stage !== undefined) {
    const { firstLayer, layerCount, bytes } = stage;
    const layers = layerCount === 1 ? `layer ${firstLayer}` : `${layerCount} layers`;
    const split = layerParts === 1 ? "" : `, split into ${layerParts} parts`;
    const part = `stage ${stages.indexOf(stage)} (${layers}${split})`;
    problems.push(
      describe(part, stages.length, largeStages.length, bytes.total, stageCure(stage, layerParts, options)),
    );
  }

  const largeShards = vocabularyShards.filter(({ bytes }) => bytes.total > budgetBytes);
  const shard = largest(largeShards);
  if (shard !== undefined) {
    const part = `vocabulary shard ${vocabularyShards.indexOf(shard)} (${shard.rows} rows)`;
    const cure =
      shard.shardCount > 1 ? "use more vocabulary shards" : "it is one file of the table, so plan frames of fewer rows";
    problems.push(describe(part, vocabularyShards.length, largeShards.length, shard.bytes.total, cure));
  }
  return problems;
}

function stageCure({ layerCount, bytes }: StagePlan, layerParts: number, options: PlanOptions): string {
  const { budgetBytes, contextTokens, sessions } = options;
  const more = options.layerParts === undefined ? "no wider split of its layers fits" : "split its layers more";
  if (layerCount > 1) return options.layerParts === undefined ? "use more stages" : "use more stages or layer parts";
  const held = layerParts === 1 ? "one layer" : "its part of one layer";
  if (JS_HEAP_BYTES + WASM_CODE_BYTES + bytes.weights > budgetBytes)
    return `the weights of ${held} alone take ${megabytes(bytes.weights)}: ${more}`;
  return `it holds a single layer, so plan fewer KV tokens than ${sessions} × ${contextTokens} or frames of fewer rows`;
}

const largest = <Part extends { bytes: IsolateBytes }>(parts: readonly Part[]): Part | undefined =>
  parts.toSorted((a, b) => b.bytes.total - a.bytes.total)[0];
