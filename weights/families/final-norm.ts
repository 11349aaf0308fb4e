import type { Architecture } from "../manifest.ts";
import { ExternalLayout } from "../onnx/external-layout.ts";
import { GraphBuilder } from "../onnx/graph-builder.ts";
import { hiddenShape, type Shard } from "./shard.ts";

/** The norm after the last layer: hidden [1, rows, hidden] → hidden_out, which the table's head takes. */
export function finalNormShard(architecture: Architecture): Shard {
  const layout = new ExternalLayout((index) => `final-norm-${index}.bin`);
  const graph = new GraphBuilder("final-norm", layout);
  const hidden = graph.input("hidden", "float32", hiddenShape(architecture));
  graph.rmsNorm(hidden, {
    name: "hidden_out",
    source: "model.norm.weight",
    size: architecture.hiddenSize,
    epsilon: architecture.rmsNormEps,
  });
  graph.output("hidden_out", "float32", hiddenShape(architecture));
  return { graphs: [{ path: "final-norm.onnx", bytes: graph.encode() }], data: layout.files };
}
