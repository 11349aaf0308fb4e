import { z } from "zod";
import { WeightsError } from "./errors.ts";

/** Rows of the embedding table are cut, quantised and summed in tiles of this many; shard boundaries lie on tiles. */
export const TABLE_TILE_ROWS = 1024;

/** Workers static assets are at most 25 MiB a file; every file of a model folder keeps to it. */
export const MAX_FILE_BYTES = 25 * 1024 * 1024;

const MAX_LAYERS = 256;
const MAX_FILES_PER_SHARD = 64;
const MAX_TABLE_SHARDS = 4096;

const count = (max: number) => z.int().min(1).max(max);

const fileSchema = z.strictObject({
  /** Relative to the model folder, no folders in between. */
  path: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/),
  bytes: z.int().min(0).max(MAX_FILE_BYTES),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

/** One ONNX graph and the external-data files it refers to. */
export const layerShardSchema = z.strictObject({
  graph: fileSchema,
  data: z.array(fileSchema).max(MAX_FILES_PER_SHARD),
});

/** A range of rows of the tied table: two graphs (ids → rows, hidden → logits) over the same external data. */
const tableShardSchema = z.strictObject({
  firstRow: z.int().min(0),
  rows: count(1 << 20),
  embed: fileSchema,
  head: fileSchema,
  data: z.array(fileSchema).max(MAX_FILES_PER_SHARD),
});

/** What the layers' attention does not have in common. */
const layerAttentionSchema = z.strictObject({
  /** Keys a row sees, its own included; null: all before it. */
  window: count(1 << 20).nullable(),
  /** Rotary base of the layer. */
  ropeTheta: z.number().positive(),
  /** Linear rotary scaling: positions are divided by it. */
  ropeFactor: z.number().positive(),
});

const architectureSchema = z.strictObject({
  family: z.enum(["gemma1", "gemma2", "gemma3_text"]),
  /** Rows of the table, all of them tokens. */
  vocabSize: count(1 << 20),
  hiddenSize: count(65_536),
  intermediateSize: count(262_144),
  numHiddenLayers: count(MAX_LAYERS),
  numAttentionHeads: count(256),
  numKeyValueHeads: count(256),
  headDim: count(1024),
  rmsNormEps: z.number().positive(),
  /** Scores are q · k / √queryPreAttnScalar. */
  queryPreAttnScalar: z.number().positive(),
  /** cap · tanh(score / cap), before the mask; null: not capped. */
  attnLogitSoftcapping: z.number().positive().nullable(),
  /** The same on logits. */
  finalLogitSoftcapping: z.number().positive().nullable(),
  maxPositionEmbeddings: count(1 << 20),
  /** Of each layer in turn. */
  attention: z.array(layerAttentionSchema).min(1).max(MAX_LAYERS),
});

const tokenId = z
  .int()
  .min(0)
  .max(1 << 20);

export const manifestSchema = z.strictObject({
  formatVersion: z.literal(1),
  /** The id clients use, for example "gemma-2b-it" or "google/gemma-2b-it". */
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$/),
  /** Unix seconds, shown as `created` by /v1/models; taken from the checkpoint or given, never the clock. */
  createdSeconds: z.int().min(0),
  architecture: architectureSchema,
  specialTokens: z.strictObject({
    bos: tokenId,
    pad: tokenId,
    /** Generation stops on any of these (eos and, for instruct models, end_of_turn). */
    stop: z.array(tokenId).min(1).max(16),
  }),
  /** "gemma" when the model was tuned for turns; null for a base model, on which chat is refused. */
  chatTemplate: z.enum(["gemma"]).nullable(),
  /** Absent fields of a request take these. topK 0 = off. */
  generationDefaults: z.strictObject({
    temperature: z.number().min(0).max(2),
    topP: z.number().gt(0).max(1),
    topK: z.int().min(0),
  }),
  /** null when the checkpoint carried no tokenizer: then only token ids can be used. */
  tokenizer: fileSchema.nullable(),
  licence: fileSchema,
  layers: z.array(layerShardSchema).min(1).max(MAX_LAYERS),
  finalNorm: layerShardSchema,
  table: z.strictObject({
    tileRows: z.literal(TABLE_TILE_ROWS),
    shards: z.array(tableShardSchema).min(1).max(MAX_TABLE_SHARDS),
  }),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type Architecture = Manifest["architecture"];
export type LayerAttention = z.infer<typeof layerAttentionSchema>;
export type ModelFile = z.infer<typeof fileSchema>;
export type LayerShard = z.infer<typeof layerShardSchema>;
export type TableShard = z.infer<typeof tableShardSchema>;

export const MANIFEST_FILE = "manifest.json";
/** A manifest of 256 layers and 4,096 table shards stays under this. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

/** Parses and checks `manifest.json`; throws a WeightsError that names the field. */
export function parseManifest(text: string): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new WeightsError(`${MANIFEST_FILE} is not JSON`, { cause });
  }
  const parsed = manifestSchema.safeParse(json);
  if (!parsed.success)
    throw new WeightsError(`${MANIFEST_FILE}: ${z.prettifyError(parsed.error)}`, { cause: parsed.error });
  checkConsistency(parsed.data);
  return parsed.data;
}

/** All of a manifest but the entries of its files. */
const descriptionSchema = manifestSchema.omit({
  tokenizer: true,
  licence: true,
  layers: true,
  finalNorm: true,
  table: true,
});
export type ModelDescription = z.infer<typeof descriptionSchema>;

/** Checks what a manifest will say before its files are written; throws a WeightsError that names the field. */
export function checkDescription(description: ModelDescription): void {
  const parsed = descriptionSchema.safeParse(description);
  if (!parsed.success)
    throw new WeightsError(`the model's description: ${z.prettifyError(parsed.error)}`, { cause: parsed.error });
  checkArchitecture(parsed.data.architecture, "the model's description");
}

/** Relations between fields that the schema alone cannot state. */
function checkArchitecture(architecture: Architecture, where: string): void {
  const { numAttentionHeads, numKeyValueHeads, headDim, hiddenSize, intermediateSize } = architecture;
  const { attention, numHiddenLayers } = architecture;
  const expect = (holds: boolean, what: string) => {
    if (!holds) throw new WeightsError(`${where}: ${what}`);
  };
  expect(
    numAttentionHeads % numKeyValueHeads === 0,
    `numAttentionHeads ${numAttentionHeads} is not a multiple of numKeyValueHeads ${numKeyValueHeads}`,
  );
  for (const [name, columns] of Object.entries({
    hiddenSize,
    intermediateSize,
    queryWidth: numAttentionHeads * headDim,
  }))
    expect(columns % 32 === 0, `${name} ${columns} is not a multiple of 32, the quantisation block`);
  expect(headDim % 16 === 0, `headDim ${headDim} is not a multiple of 16`);
  expect(
    attention.length === numHiddenLayers,
    `attention has ${attention.length} entries, numHiddenLayers is ${numHiddenLayers}`,
  );
}

/** The same between the architecture and the files. */
function checkConsistency({ architecture, layers, table }: Manifest): void {
  const { numHiddenLayers, vocabSize } = architecture;
  const expect = (holds: boolean, what: string) => {
    if (!holds) throw new WeightsError(`${MANIFEST_FILE}: ${what}`);
  };
  expect(
    layers.length === numHiddenLayers,
    `layers has ${layers.length} entries, numHiddenLayers is ${numHiddenLayers}`,
  );
  checkArchitecture(architecture, MANIFEST_FILE);
  let nextRow = 0;
  for (const [index, shard] of table.shards.entries()) {
    expect(shard.firstRow === nextRow, `table.shards[${index}].firstRow is ${shard.firstRow}, expected ${nextRow}`);
    expect(
      shard.firstRow % TABLE_TILE_ROWS === 0,
      `table.shards[${index}] does not begin on a tile of ${TABLE_TILE_ROWS} rows`,
    );
    nextRow += shard.rows;
  }
  expect(nextRow === vocabSize, `the table's shards hold ${nextRow} rows, vocabSize is ${vocabSize}`);
}
