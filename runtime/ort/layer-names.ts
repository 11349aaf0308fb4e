import { InferenceError } from "../errors.ts";
import type { Graph, Node } from "../onnx/graph.ts";

/** What a layer's graph calls the inputs and outputs that the engine feeds and keeps. */
export interface LayerNames {
  readonly hidden: string;
  readonly hiddenOut: string;
  readonly pastKey: string;
  readonly pastValue: string;
  readonly presentKey: string;
  readonly presentValue: string;
  /** Length of the KV cache after the run, less one. */
  readonly lastPosition: string;
  readonly totalTokens: string;
  /** Undefined when the graph does not rotate. */
  readonly rotary: { readonly cosines: string; readonly sines: string } | undefined;
  readonly kvHeads: number;
  readonly headDim: number;
}

/** Finds a layer's names by the part they play for its one GroupQueryAttention node. */
export function layerNames(graph: Graph): LayerNames {
  const fail = (what: string): never => {
    throw new InferenceError("unsupported", `${graph.file}: ${what}`);
  };
  const attentions = graph.nodes.filter(({ operator }) => operator === "com.microsoft::GroupQueryAttention");
  if (attentions.length !== 1) fail(`has ${attentions.length} GroupQueryAttention nodes, one is supported`);
  const { inputs, outputs } = attentions[0] as Node;
  const [, , , pastKey, pastValue, lastPosition, totalTokens, cosines, sines] = inputs;
  const [, presentKey, presentValue] = outputs;
  if (!pastKey || !pastValue || !lastPosition || !totalTokens || !presentKey || !presentValue)
    return fail("its GroupQueryAttention has no KV cache");
  const [, kvHeads, , headDim] = graph.inputs.get(pastKey)?.dims ?? [];
  if (typeof kvHeads !== "number" || typeof headDim !== "number")
    return fail(`"${pastKey}" must be an input [1, KV heads, tokens, head size]`);
  return {
    hidden: theOther([...graph.inputs.keys()], inputs, graph.file),
    hiddenOut: theOther([...graph.outputs.keys()], outputs, graph.file),
    pastKey,
    pastValue,
    presentKey,
    presentValue,
    lastPosition,
    totalTokens,
    rotary: cosines && sines ? { cosines, sines } : undefined,
    kvHeads,
    headDim,
  };
}

/** The one name that is not among the node's own. */
export function theOther(names: readonly string[], known: readonly string[], file: string): string {
  const others = names.filter((name) => !known.includes(name));
  if (others.length !== 1)
    throw new InferenceError(
      "unsupported",
      `${file}: expected one tensor of rows, found ${others.join(", ") || "none"}`,
    );
  return others[0]!;
}
