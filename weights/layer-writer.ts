import { createHash } from "node:crypto";
import { CalibratedLayers } from "./calibrated-layers.ts";
import { type ConversionProgress, readProgress } from "./conversion-progress.ts";
import { layerShard } from "./families/layer.ts";
import { evenBits, type LayerBits } from "./families/layer-bits.ts";
import type { FolderWriter } from "./folder-writer.ts";
import type { LayerShard, Manifest } from "./manifest.ts";
import { measureGains } from "./quantise/measure-gains.ts";
import type { QuantisationOptions } from "./quantise/method.ts";
import { chooseBits, LEAST_BITS_PER_WEIGHT, MOST_BITS_PER_WEIGHT } from "./quantise/mixed.ts";
import type { Calibration } from "./quantise/run-layer.ts";
import { embedSequences } from "./quantise/sequences.ts";
import { TrialLayers } from "./quantise/trial-layers.ts";
import type { ShardEncoder } from "./shard-encoder.ts";
import type { CheckpointTensors } from "./sources/checkpoint.ts";

/** Calibration tokens that mixed precision is measured with. */
const MEASURED_TOKENS = 384;

export interface LayerWriting {
  readonly tensors: CheckpointTensors;
  /** All that the manifest says but for the layers. */
  readonly description: Omit<Manifest, "layers">;
  readonly quantisation: QuantisationOptions;
  /** Needed unless every matrix is rounded to the same bits. */
  readonly calibration: Calibration | null;
  readonly writer: FolderWriter;
  readonly encoder: ShardEncoder;
  /** Encodes what is tried and not written. */
  readonly trialEncoder: ShardEncoder;
  readonly onStep: () => void;
  readonly onBits: (bits: readonly LayerBits[]) => void;
}

/** True where quantising asks for activations: GPTQ always does, the search has nothing to search in 8 bits. */
export const needsCalibration = ({ method, bitsPerWeight }: QuantisationOptions) =>
  method === "gptq" ||
  (bitsPerWeight < MOST_BITS_PER_WEIGHT && (method === "search" || bitsPerWeight > LEAST_BITS_PER_WEIGHT));

/** Writes the layers' files one after another and notes each that is done; goes on from what was noted before. */
export async function writeLayers(writing: LayerWriting): Promise<LayerShard[]> {
  const { description, quantisation, calibration, writer, encoder, onStep } = writing;
  const { architecture } = description;
  const fingerprint = fingerprintOf(writing);
  const progress = await readProgress(writer, fingerprint);
  const bits = progress.bits ?? (await bitsOf(writing));
  writing.onBits(bits);
  const { method } = quantisation;
  const calibrated =
    method === "round" || calibration === null
      ? null
      : await CalibratedLayers.begin({ ...writing, method, calibration, encoder: writing.trialEncoder, onStep });
  const written: LayerShard[] = [];
  for (let layer = 0; layer < architecture.numHiddenLayers; layer++) {
    let entry = progress.layers[layer];
    if (entry === undefined) {
      const quantised = await calibrated?.quantise(layer, bits[layer]!);
      const { graphs, data } = layerShard(architecture, layer, bits[layer]);
      const files = [];
      for (const file of data) files.push(await writer.write(file.path, await encoder.encode(file, quantised)));
      entry = { graph: await writer.write(graphs[0]!.path, graphs[0]!.bytes), data: files };
    }
    written.push(entry);
    if (calibrated === null) continue;
    const noted: ConversionProgress = { fingerprint, bits: [...bits], layers: written };
    await writer.noteProgress(JSON.stringify(noted));
    if (layer + 1 < architecture.numHiddenLayers) await calibrated.advance(layer, entry, (path) => writer.read(path));
  }
  return written;
}

async function bitsOf(writing: LayerWriting): Promise<LayerBits[]> {
  const { architecture } = writing.description;
  const { bitsPerWeight } = writing.quantisation;
  const even = (bits: 4 | 8) => Array.from({ length: architecture.numHiddenLayers }, () => evenBits(bits));
  if (bitsPerWeight <= LEAST_BITS_PER_WEIGHT) return even(4);
  if (bitsPerWeight >= MOST_BITS_PER_WEIGHT || writing.calibration === null) return even(8);
  const sequences = takeTokens(writing.calibration.sequences, MEASURED_TOKENS);
  const trials = new TrialLayers(writing.description, writing.trialEncoder, writing.calibration.runLayer);
  const hidden = await embedSequences(sequences, writing.tensors, architecture);
  const lengths = sequences.map(({ length }) => length);
  return chooseBits(architecture, bitsPerWeight, await measureGains(architecture, trials, hidden, lengths));
}

/** The beginnings of some sequences, evenly chosen, so that about `tokens` are left. */
function takeTokens(sequences: Calibration["sequences"], tokens: number): Calibration["sequences"] {
  const each = 128;
  const wanted = Math.min(sequences.length, Math.ceil(tokens / each));
  return Array.from({ length: wanted }, (_, i) =>
    sequences[Math.floor((i * sequences.length) / wanted)]!.slice(0, each),
  );
}

/** Of everything that decides the layers' bytes, but for the contents of the checkpoint. */
function fingerprintOf({ description, quantisation, calibration }: LayerWriting): string {
  const decisive = JSON.stringify([description, quantisation, calibration?.sequences ?? null]);
  return createHash("sha256").update(decisive).digest("hex");
}
