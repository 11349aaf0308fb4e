import { createHash } from "node:crypto";
import type { PlannedLayer } from "../families/layer-graph.ts";
import type { Manifest } from "../manifest.ts";
import type { ShardEncoder } from "../shard-encoder.ts";
import type { QuantisedMatrices } from "./quantised-matrix.ts";
import type { LayerRun, RunLayer } from "./run-layer.ts";

/** What a trial does with the layer: see LayerRun. */
export type Trial = Pick<
  LayerRun,
  "layer" | "hidden" | "sequenceTokens" | "into" | "onProductInput" | "lastProductInput"
>;

/** Runs layers that are not (yet) files of a model folder. */
export class TrialLayers {
  readonly #description: Omit<Manifest, "layers">;
  readonly #encoder: ShardEncoder;
  readonly #runLayer: RunLayer;

  constructor(description: Omit<Manifest, "layers">, encoder: ShardEncoder, runLayer: RunLayer) {
    this.#description = description;
    this.#encoder = encoder;
    this.#runLayer = runLayer;
  }

  /** Encodes a layer in memory, with `quantised` matrices where there are and rounded ones elsewhere, and runs it. */
  async run({ graphs, data }: PlannedLayer, quantised: QuantisedMatrices, trial: Trial): Promise<void> {
    const files = new Map<string, Uint8Array>();
    for (const { path, bytes } of graphs) files.set(path, bytes);
    for (const file of data) files.set(file.path, (await this.#encoder.encode(file, quantised)).slice());
    const describe = (path: string) => {
      const contents = files.get(path)!;
      return { path, bytes: contents.length, sha256: createHash("sha256").update(contents).digest("hex") };
    };
    const entry = { graph: describe(graphs[0]!.path), data: data.map(({ path }) => describe(path)) };
    await this.#runLayer({
      ...trial,
      manifest: this.#manifest(entry),
      read: async (path) => files.get(path)!,
    });
  }

  /** Runs a layer that is written. */
  async runWritten(entry: Manifest["layers"][number], read: LayerRun["read"], trial: Trial): Promise<void> {
    await this.#runLayer({ ...trial, manifest: this.#manifest(entry), read });
  }

  #manifest(entry: Manifest["layers"][number]): Manifest {
    return { ...this.#description, layers: new Array(this.#description.architecture.numHiddenLayers).fill(entry) };
  }
}
