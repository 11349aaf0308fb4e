import { WeightsError } from "../../weights/errors.ts";
import type { LayerShard } from "../../weights/manifest.ts";
import type { ModelSource } from "../model-source.ts";
import { readShardGraph } from "../onnx/read-shard.ts";
import { compileGraph } from "./graph.ts";
import type { KernelStep, Matrix, Program, RowBuffer, Step, Vector } from "./program.ts";

/** What the attention nodes of a stage have in common. */
export interface StageAttention {
  /** Keys that the rows of each node see; null: all. */
  readonly windows: readonly (number | null)[];
  readonly kvHeads: number;
  readonly headDim: number;
  /** The most query heads of a node. */
  readonly heads: number;
}

export interface StageProgram<OneStep extends Step = KernelStep> extends Program<OneStep> {
  readonly input: RowBuffer;
  readonly attention: StageAttention;
}

/**
 * Compiles consecutive graphs over rows of `hiddenSize` into one program: each graph's output is the next one's input,
 * and scratch memory is planned across them.
 */
export async function compileStage(
  source: ModelSource,
  shards: readonly LayerShard[],
  hiddenSize: number,
): Promise<StageProgram> {
  const input: RowBuffer = { name: "hidden", form: "float32", columns: hiddenSize };
  let output = input;
  const steps: KernelStep[] = [];
  const matrices: Matrix[] = [];
  const vectors: Vector[] = [];
  const attention = { windows: [] as (number | null)[], kvHeads: 0, headDim: 0, heads: 0 };
  for (const { graph, data } of shards) {
    const compiled = compileGraph(await readShardGraph(source, graph, data), output, attention.windows.length);
    output = compiled.output;
    if (output.columns !== hiddenSize)
      throw new WeightsError(
        `${graph.path} makes rows of ${output.columns}, the manifest's hiddenSize is ${hiddenSize}`,
      );
    steps.push(...compiled.steps);
    matrices.push(...compiled.matrices);
    vectors.push(...compiled.vectors);
    if (compiled.attentions.length > 1)
      throw new WeightsError(`${graph.path} has ${compiled.attentions.length} attention nodes, a layer has one`);
    for (const step of compiled.steps) {
      if (step.op !== "attention") continue;
      const { kvHeads, headDim } = step.shape;
      if (attention.windows.length > 0 && (kvHeads !== attention.kvHeads || headDim !== attention.headDim))
        throw new WeightsError(
          `${graph.path} has ${kvHeads} KV heads of ${headDim}, the layers before have ${attention.kvHeads} of ${attention.headDim}`,
        );
      Object.assign(attention, { kvHeads, headDim });
      attention.heads = Math.max(attention.heads, step.heads);
      attention.windows.push(step.window || null);
    }
  }
  return { input, output, steps, matrices, vectors, attention };
}
