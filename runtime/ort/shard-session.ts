import type { InferenceSession, Tensor } from "onnxruntime-web/wasm";
import { MAX_FILE_BYTES, type ModelFile } from "../../weights/manifest.ts";
import { InferenceError } from "../errors.ts";
import { readModelFile } from "../model-files.ts";
import type { ModelSource } from "../model-source.ts";
import type { Graph, TensorType } from "../onnx/graph.ts";
import { MAX_GRAPH_BYTES, readGraph } from "../onnx/read-graph.ts";
import { theOther } from "./layer-names.ts";
import { startOrt } from "./start-ort.ts";

type Dims = readonly number[];

/** One shard's graph in onnxruntime-web, and the graph as we read it. */
export class ShardSession {
  readonly graph: Graph;
  /** Bytes of the files, which onnxruntime copies into its heap. */
  readonly bytes: number;
  readonly #ort: Awaited<ReturnType<typeof startOrt>>;
  readonly #session: InferenceSession;

  private constructor(
    graph: Graph,
    bytes: number,
    ort: Awaited<ReturnType<typeof startOrt>>,
    session: InferenceSession,
  ) {
    this.graph = graph;
    this.bytes = bytes;
    this.#ort = ort;
    this.#session = session;
  }

  /** Reads and verifies the files; InferenceError unsupported when onnxruntime refuses the graph. */
  static async open(
    wasmModule: WebAssembly.Module,
    source: ModelSource,
    graphFile: ModelFile,
    dataFiles: readonly ModelFile[],
  ): Promise<ShardSession> {
    const ort = await startOrt(wasmModule);
    const graphBytes = await readModelFile(source, graphFile, MAX_GRAPH_BYTES);
    const graph = readGraph(graphBytes, graphFile.path, new Map(dataFiles.map(({ path, bytes }) => [path, bytes])));
    const externalData: { path: string; data: Uint8Array }[] = [];
    for (const file of dataFiles)
      externalData.push({ path: file.path, data: await readModelFile(source, file, MAX_FILE_BYTES) });
    try {
      const session = await ort.InferenceSession.create(graphBytes, { executionProviders: ["wasm"], externalData });
      const bytes = [graphFile, ...dataFiles].reduce((sum, file) => sum + file.bytes, 0);
      return new ShardSession(graph, bytes, ort, session);
    } catch (cause) {
      throw new InferenceError("unsupported", `onnxruntime cannot run ${graphFile.path}`, { cause });
    }
  }

  /** The one input of a graph that has one. */
  get input(): string {
    return theOther([...this.graph.inputs.keys()], [], this.graph.file);
  }

  /** The one output of a graph that has one. */
  get output(): string {
    return theOther([...this.graph.outputs.keys()], [], this.graph.file);
  }

  /** A tensor of `dims` over `data`, or over integers as the graph's input wants them. */
  floats(data: Float32Array, dims: Dims): Tensor {
    return new this.#ort.Tensor("float32", data, dims);
  }

  integers(values: ArrayLike<number>, type: TensorType, dims: Dims): Tensor {
    return type === "int64"
      ? new this.#ort.Tensor("int64", BigInt64Array.from(Array.from(values), BigInt), dims)
      : new this.#ort.Tensor("int32", Int32Array.from(values), dims);
  }

  /** Runs the graph; the outputs are float32, by name. */
  async run(feeds: Record<string, Tensor>): Promise<(name: string) => Float32Array> {
    const results = await this.#session.run(feeds);
    return (name) => {
      const data = results[name]?.data;
      if (!(data instanceof Float32Array))
        throw new InferenceError("unsupported", `${this.graph.file}: output "${name}" is not float32`);
      return data;
    };
  }
}
