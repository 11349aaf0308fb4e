import type { ModelFile } from "../../weights/manifest.ts";
import { readModelFile } from "../model-files.ts";
import type { ModelSource } from "../model-source.ts";
import type { Graph } from "./graph.ts";
import { MAX_GRAPH_BYTES, readGraph } from "./read-graph.ts";

/** Reads and verifies one graph file of a shard whose external data lies in `data`. */
export async function readShardGraph(
  source: ModelSource,
  graph: ModelFile,
  data: readonly ModelFile[],
): Promise<Graph> {
  const bytes = await readModelFile(source, graph, MAX_GRAPH_BYTES);
  return readGraph(bytes, graph.path, new Map(data.map((file) => [file.path, file.bytes])));
}
