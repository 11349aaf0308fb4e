import { fromBinary, toBinary } from "@bufbuild/protobuf";
import type { ModelSource } from "../../runtime/model-source.ts";
import type { Manifest } from "../../weights/manifest.ts";
import { node } from "../../weights/onnx/graph.ts";
import { ModelProtoSchema } from "../../weights/onnx/onnx_pb.ts";
import { describeFile } from "./memory-source.ts";

/** The demo model's layers, two of three with a window, as Gemma 3 has its local layers. */
export const windowsOf = (layers: number, window: number): readonly (number | null)[] =>
  Array.from({ length: layers }, (_, layer) => (layer % 3 === 2 ? null : window));

/** A model like `manifest`'s, the layers of which see no more than `windows` say. */
export async function windowedModel(
  { manifest, source }: { readonly manifest: Manifest; readonly source: ModelSource },
  windows: readonly (number | null)[],
): Promise<{ readonly manifest: Manifest; readonly source: ModelSource }> {
  const graphs = new Map<string, Uint8Array<ArrayBuffer>>();
  const layers = await Promise.all(
    manifest.layers.map(async (layer, index) => {
      const window = windows[index]!;
      if (window === null) return layer;
      const bytes = withWindow(await bytesOf(await source.open(layer.graph.path)), window);
      graphs.set(layer.graph.path, bytes);
      return { ...layer, graph: describeFile(layer.graph.path, bytes) };
    }),
  );
  const attention = manifest.architecture.attention.map((layer, index) => ({ ...layer, window: windows[index]! }));
  return {
    manifest: { ...manifest, architecture: { ...manifest.architecture, attention }, layers },
    source: {
      async open(path) {
        const graph = graphs.get(path);
        return graph === undefined ? await source.open(path) : new Blob([graph]).stream();
      },
    },
  };
}

function withWindow(bytes: Uint8Array, window: number): Uint8Array<ArrayBuffer> {
  const model = fromBinary(ModelProtoSchema, bytes);
  const attention = model.graph!.node.find(({ opType }) => opType === "GroupQueryAttention")!;
  attention.attribute.push(...node("Window", [], [], { local_window_size: window }).attribute);
  return toBinary(ModelProtoSchema, model) as Uint8Array<ArrayBuffer>;
}

const bytesOf = async (stream: ReadableStream<Uint8Array>) => new Uint8Array(await new Response(stream).arrayBuffer());
