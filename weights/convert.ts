import { basename, resolve } from "node:path";
import { WeightsError } from "./errors.ts";
import { finalNormShard } from "./families/final-norm.ts";
import { layerShard } from "./families/layer.ts";
import type { LayerBits } from "./families/layer-bits.ts";
import type { Shard } from "./families/shard.ts";
import { tableRanges, tableShard } from "./families/table.ts";
import { FolderWriter } from "./folder-writer.ts";
import { needsCalibration, writeLayers } from "./layer-writer.ts";
import { chooseLicence } from "./licence.ts";
import {
  checkDescription,
  type Manifest,
  type ModelDescription,
  type ModelFile,
  parseManifest,
  TABLE_TILE_ROWS,
} from "./manifest.ts";
import type { QuantisationOptions } from "./quantise/method.ts";
import { LEAST_BITS_PER_WEIGHT, MOST_BITS_PER_WEIGHT } from "./quantise/mixed.ts";
import type { Calibration } from "./quantise/run-layer.ts";
import { ShardEncoder } from "./shard-encoder.ts";
import type { CheckpointTensors } from "./sources/checkpoint.ts";
import type { CheckpointConfig } from "./sources/huggingface.ts";
import { openCheckpoint } from "./sources/open-checkpoint.ts";
import { encodeTokenizerFile, type TokenizerData } from "./tokenizer-file.ts";
import { type ChatTemplateChoice, describeTurns } from "./turns.ts";

const GGUF_SUFFIX = ".gguf";
const PLAIN: QuantisationOptions = { method: "round", bitsPerWeight: LEAST_BITS_PER_WEIGHT };
/** Tensors transformers ignores as well: the table's second copy, and rotary tables of old releases. */
const IGNORED_TENSOR = /^lm_head\.weight$|\.rotary_emb\.inv_freq$/;

/** What calibration asks of its caller, who has the tokenizer and the engine. */
export interface CalibrationSource {
  /** Token sequences for a model with this description and tokenizer file. */
  sequences(description: ModelDescription, tokenizerFile: Uint8Array | null): Calibration["sequences"];
  readonly runLayer: Calibration["runLayer"];
}

export interface ConvertOptions {
  /** A Hugging Face folder (config.json, safetensors, tokenizer.model or tokenizer.json) or a GGUF file. */
  readonly checkpoint: string;
  /** The model folder to write. */
  readonly target: string;
  /** The id clients use; the checkpoint's name when left out. */
  readonly name?: string | undefined;
  /** Unix seconds shown as the model's date; 0, unknown, when left out: the clock would make every run differ. */
  readonly createdSeconds?: number | undefined;
  readonly chatTemplate?: ChatTemplateChoice;
  /** A licence file that replaces the checkpoint's own. */
  readonly licencePath?: string | undefined;
  /** Replace the target when it is a model folder. */
  readonly replace?: boolean | undefined;
  /** All in 4 bits, rounded to nearest, when left out. */
  readonly quantisation?: QuantisationOptions | undefined;
  /** For every method but rounding, and for bits chosen by measurement. */
  readonly calibration?: CalibrationSource | undefined;
  /** Go on with a calibrated conversion that was stopped. */
  readonly resume?: boolean | undefined;
  readonly onBits?: ((bits: readonly LayerBits[]) => void) | undefined;
  readonly onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
  readonly onWarning?: ((text: string) => void) | undefined;
  /** Stops the conversion between two chunks of rows; nothing is left behind, or what `resume` goes on from. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Converts a checkpoint to a model folder, one data file (≤ 25 MiB) in memory at a time. The same checkpoint gives the
 * same bytes. WeightsError names what is wrong with the checkpoint; then the target is left as it was.
 */
export async function convert(options: ConvertOptions): Promise<Manifest> {
  const { checkpoint, target, onProgress, onWarning, signal } = options;
  const { config, tokenizer, tensors } = await openCheckpoint(checkpoint);
  try {
    if (tokenizer === null)
      onWarning?.(`${checkpoint} has no tokenizer: the model will take and give token ids, but no text`);
    const checkpointRows = config.architecture.vocabSize;
    // Rows beyond the tokenizer's pieces are padding: no text leads to them, and none of them may ever be chosen.
    const architecture = { ...config.architecture, vocabSize: tokenizer?.texts.length ?? checkpointRows };
    const description = describe({ ...config, architecture }, tokenizer, options);
    const { quantisation = PLAIN } = options;
    checkQuantisation(quantisation);
    const layers = Array.from({ length: architecture.numHiddenLayers }, (_, layer) => layerShard(architecture, layer));
    const finalNorm = finalNormShard(architecture);
    const ranges = tableRanges(architecture);
    const tables = ranges.map((range, index) => tableShard(architecture, { ...range, index, checkpointRows }));
    checkTensors([...layers, finalNorm, ...tables], tensors);
    const tokenizerFile = tokenizer && encodeTokenizerFile(tokenizer);
    const calibration = calibrate(quantisation, options.calibration, description, tokenizerFile);

    const licence = await chooseLicence(checkpoint, options.licencePath);
    const replace = options.replace ?? false;
    // What took long is not thrown away.
    const writer = calibration
      ? await FolderWriter.beginKept(target, replace, options.resume ?? false)
      : await FolderWriter.begin(target, replace);
    try {
      let doneBytes = 0;
      let totalBytes = sumBytes([...layers, finalNorm, ...tables]);
      const stopIfAsked = () => signal?.throwIfAborted();
      const encoder = new ShardEncoder(tensors, (bytes) => {
        doneBytes += bytes;
        onProgress?.(doneBytes, totalBytes);
        stopIfAsked();
      });
      const write = async ({ graphs, data }: Shard) => {
        const files: ModelFile[] = [];
        for (const file of data) files.push(await writer.write(file.path, await encoder.encode(file)));
        return { graphs: await Promise.all(graphs.map(({ path, bytes }) => writer.write(path, bytes))), data: files };
      };
      const writeSingle = async (shard: Shard) => {
        const { graphs, data } = await write(shard);
        return { graph: graphs[0]!, data };
      };
      const described = {
        ...description,
        tokenizer: tokenizerFile && (await writer.write("tokenizer.bin", tokenizerFile)),
        licence: await writer.write(licence.path, licence.contents),
        finalNorm: await writeSingle(finalNorm),
        table: {
          tileRows: TABLE_TILE_ROWS,
          shards: await inOrder(tables, async (shard, index) => {
            const { graphs, data } = await write(shard);
            return { ...ranges[index]!, embed: graphs[0]!, head: graphs[1]!, data };
          }),
        },
      } as const;
      const written = await writeLayers({
        tensors,
        description: described,
        quantisation,
        calibration,
        writer,
        encoder,
        trialEncoder: new ShardEncoder(tensors, stopIfAsked),
        onStep: stopIfAsked,
        onBits(bits) {
          options.onBits?.(bits);
          totalBytes = sumBytes([
            ...bits.map((each, layer) => layerShard(architecture, layer, each)),
            finalNorm,
            ...tables,
          ]);
        },
      });
      const manifest: Manifest = { ...described, layers: written };
      await writer.finish(parseManifest(JSON.stringify(manifest)));
      return manifest;
    } catch (error) {
      if (calibration === null) await writer.discard();
      throw error;
    }
  } finally {
    await tensors.close();
  }
}

/** The caller's sequences where they are needed. */
function calibrate(
  quantisation: QuantisationOptions,
  source: CalibrationSource | undefined,
  description: ModelDescription,
  tokenizerFile: Uint8Array | null,
): Calibration | null {
  if (!needsCalibration(quantisation)) return null;
  if (source === undefined)
    throw new WeightsError(
      `method ${quantisation.method} with ${quantisation.bitsPerWeight} bits a weight needs calibration, none was given`,
    );
  return { sequences: source.sequences(description, tokenizerFile), runLayer: source.runLayer };
}

function checkQuantisation({ bitsPerWeight }: QuantisationOptions): void {
  if (!(bitsPerWeight >= LEAST_BITS_PER_WEIGHT && bitsPerWeight <= MOST_BITS_PER_WEIGHT))
    throw new WeightsError(
      `expected ${LEAST_BITS_PER_WEIGHT} to ${MOST_BITS_PER_WEIGHT} bits a weight, found ${bitsPerWeight}`,
    );
}

const sumBytes = (shards: readonly Shard[]) =>
  shards.flatMap(({ data }) => data).reduce((sum, { bytes }) => sum + bytes, 0);

function describe(
  config: CheckpointConfig,
  tokenizer: TokenizerData | null,
  options: ConvertOptions,
): ModelDescription {
  const { chatTemplate, stop } = describeTurns(config, tokenizer, options.chatTemplate);
  const description: ModelDescription = {
    formatVersion: 1,
    name: options.name ?? basename(resolve(options.checkpoint), GGUF_SUFFIX),
    createdSeconds: options.createdSeconds ?? 0,
    architecture: config.architecture,
    specialTokens: { bos: config.bosTokenId, pad: config.padTokenId, stop },
    chatTemplate,
    generationDefaults: config.generationDefaults,
  };
  checkDescription(description);
  return description;
}

/** Every tensor the model needs is there in its shape, and no tensor would be left out without a word. */
function checkTensors(shards: readonly Shard[], tensors: CheckpointTensors): void {
  const pieces = shards.flatMap(({ data }) => data.flatMap((file) => file.pieces));
  for (const { source, sourceShape } of pieces) tensors.expect(source, sourceShape);
  const used = new Set(pieces.map(({ source }) => source));
  const unused = [...tensors.names].filter((name) => !used.has(name) && !IGNORED_TENSOR.test(name));
  if (unused.length > 0)
    throw new WeightsError(
      `the checkpoint has ${unused.length} tensors that its configuration does not account for, the first is ${unused[0]}`,
    );
}

async function inOrder<T, R>(items: readonly T[], work: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const [index, item] of items.entries()) results.push(await work(item, index));
  return results;
}
