import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as ort from "onnxruntime-web/wasm";
import type { LayerAttention, LayerShard, Manifest, ModelFile } from "../../weights/manifest.ts";

ort.env.wasm.numThreads = 1;

const read = (folder: string, { path }: ModelFile) => new Uint8Array(readFileSync(join(folder, path)));

function openSession(folder: string, graph: ModelFile, data: readonly ModelFile[]): Promise<ort.InferenceSession> {
  return ort.InferenceSession.create(read(folder, graph), {
    externalData: data.map((file) => ({ path: file.path, data: read(folder, file) })),
  });
}

interface Layer {
  readonly session: ort.InferenceSession;
  keys: ort.Tensor;
  values: ort.Tensor;
}

/** A model folder run whole by onnxruntime-web, graph by graph, with nothing of the project's own engine. */
export class OrtModel {
  readonly #manifest: Manifest;
  readonly #layers: Layer[];
  readonly #finalNorm: ort.InferenceSession;
  readonly #embeds: ort.InferenceSession[];
  readonly #heads: ort.InferenceSession[];
  #tokens = 0;

  private constructor(
    manifest: Manifest,
    layers: Layer[],
    finalNorm: ort.InferenceSession,
    embeds: ort.InferenceSession[],
    heads: ort.InferenceSession[],
  ) {
    this.#manifest = manifest;
    this.#layers = layers;
    this.#finalNorm = finalNorm;
    this.#embeds = embeds;
    this.#heads = heads;
  }

  static async open(folder: string, manifest: Manifest): Promise<OrtModel> {
    const { numKeyValueHeads, headDim } = manifest.architecture;
    const empty = () => new ort.Tensor("float32", new Float32Array(0), [1, numKeyValueHeads, 0, headDim]);
    const layers: Layer[] = [];
    for (const { graph, data } of manifest.layers)
      layers.push({ session: await openSession(folder, graph, data), keys: empty(), values: empty() });
    const single = ({ graph, data }: LayerShard) => openSession(folder, graph, data);
    const embeds: ort.InferenceSession[] = [];
    const heads: ort.InferenceSession[] = [];
    for (const { embed, head, data } of manifest.table.shards) {
      embeds.push(await openSession(folder, embed, data));
      heads.push(await openSession(folder, head, data));
    }
    return new OrtModel(manifest, layers, await single(manifest.finalNorm), embeds, heads);
  }

  /** Appends ids to the sequence; returns the logits [ids, vocabulary] and the last position's input of each layer. */
  async run(ids: readonly number[]): Promise<{ logits: Float32Array; lastHidden: Float32Array[] }> {
    const { hiddenSize, vocabSize } = this.#manifest.architecture;
    const last = (hidden: ort.Tensor) => (hidden.data as Float32Array).slice(-hiddenSize);
    const total = this.#tokens + ids.length;
    let hidden: ort.Tensor = await this.#embed(ids);
    const lastHidden: Float32Array[] = [];
    for (const [index, layer] of this.#layers.entries()) {
      lastHidden.push(last(hidden));
      const [cosines, sines] = this.#rotaryTables(this.#manifest.architecture.attention[index]!, total);
      const result = await layer.session.run({
        hidden,
        past_key: layer.keys,
        past_value: layer.values,
        seqlens_k: new ort.Tensor("int32", Int32Array.of(total - 1), [1]),
        total_sequence_length: new ort.Tensor("int32", Int32Array.of(total), []),
        cos_cache: cosines,
        sin_cache: sines,
      });
      layer.keys = result.present_key!;
      layer.values = result.present_value!;
      hidden = result.hidden_out!;
    }
    this.#tokens = total;
    hidden = (await this.#finalNorm.run({ hidden })).hidden_out!;
    lastHidden.push(last(hidden));
    const logits = new Float32Array(ids.length * vocabSize);
    for (const [index, { firstRow, rows }] of this.#manifest.table.shards.entries()) {
      const part = (await this.#heads[index]!.run({ hidden })).logits!.data as Float32Array;
      for (let row = 0; row < ids.length; row++)
        logits.set(part.subarray(row * rows, (row + 1) * rows), row * vocabSize + firstRow);
    }
    return { logits, lastHidden };
  }

  async close(): Promise<void> {
    const sessions = [...this.#layers.map(({ session }) => session), this.#finalNorm, ...this.#embeds, ...this.#heads];
    for (const session of sessions) await session.release();
  }

  async #embed(ids: readonly number[]): Promise<ort.Tensor> {
    const { hiddenSize } = this.#manifest.architecture;
    const rows = new Float32Array(ids.length * hiddenSize);
    for (const [position, id] of ids.entries()) {
      const shard = this.#manifest.table.shards.findIndex(
        ({ firstRow, rows }) => id >= firstRow && id < firstRow + rows,
      );
      const local = Int32Array.of(id - this.#manifest.table.shards[shard]!.firstRow);
      const result = await this.#embeds[shard]!.run({ ids: new ort.Tensor("int32", local, [1, 1]) });
      rows.set(result.hidden!.data as Float32Array, position * hiddenSize);
    }
    return new ort.Tensor("float32", rows, [1, ids.length, hiddenSize]);
  }

  #rotaryTables({ ropeTheta, ropeFactor }: LayerAttention, positions: number): [ort.Tensor, ort.Tensor] {
    const half = this.#manifest.architecture.headDim / 2;
    const frequency = (i: number) => Math.fround(Math.fround(ropeTheta ** (-i / half)) / ropeFactor);
    const angle = (index: number) => Math.fround(Math.floor(index / half) * frequency(index % half));
    const table = (of: (x: number) => number) =>
      new ort.Tensor(
        "float32",
        Float32Array.from({ length: positions * half }, (_, i) => of(angle(i))),
        [positions, half],
      );
    return [table(Math.cos), table(Math.sin)];
  }
}
