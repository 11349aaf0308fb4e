/**
 * Writes a GGUF of a Gemma 1 with random weights for the peers: Q4_0 layers, a Q8_0 table, as many bytes a weight as
 * ours. `node test/bench/peers/write-gguf.ts --shape 2b|7b|tiny [--layers N] --out FILE`
 */
import { type FileHandle, mkdir, open, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { halfBits } from "../../../weights/quantise/half.ts";
import { type GemmaShape, gemmaShape } from "../gemma-shape.ts";
import { RandomWords } from "../random-words.ts";
import { GgufMetadata, ggufString } from "./gguf-metadata.ts";

const GGUF_VERSION = 3;
const ALIGNMENT_BYTES = 32;
const SEED = 1;
const BLOCKS_PER_CHUNK = 1 << 16;

/** ggml's type number; 32 weights a block; `deviation` of a block's random integers, for a choice of scales. */
interface BlockFormat {
  readonly type: number;
  readonly blockBytes: number;
  readonly deviation: number;
}
const F32_TYPE = 0;
const BLOCK_WEIGHTS = 32;
const Q4_0: BlockFormat = { type: 2, blockBytes: 18, deviation: ((16 ** 2 - 1) / 12) ** 0.5 };
const Q8_0: BlockFormat = { type: 8, blockBytes: 34, deviation: ((256 ** 2 - 1) / 12) ** 0.5 };

interface Tensor {
  readonly name: string;
  readonly columns: number;
  readonly rows: number;
  /** null for a norm: float32 ones. */
  readonly format: BlockFormat | null;
}

/** Writes the file (whole or not at all); the same bytes for the same shape. Returns its size in bytes. */
export async function writeGguf(path: string, shape: GemmaShape): Promise<number> {
  await mkdir(dirname(path), { recursive: true });
  const tensors = tensorsOf(shape);
  const unfinished = `${path}.unfinished`;
  let bytes = 0;
  {
    await using file = await open(unfinished, "w");
    bytes += await writePadded(file, headerOf(shape, tensors));
    for (const tensor of tensors) bytes += await writeTensor(file, tensor);
  }
  await rename(unfinished, path);
  return bytes;
}

function tensorsOf(shape: GemmaShape): Tensor[] {
  const { hidden_size: hidden, intermediate_size: intermediate, head_dim } = shape;
  const queries = shape.num_attention_heads * head_dim;
  const keys = shape.num_key_value_heads * head_dim;
  const norm = (name: string): Tensor => ({ name, columns: hidden, rows: 1, format: null });
  const matrix = (name: string, columns: number, rows: number): Tensor => ({ name, columns, rows, format: Q4_0 });
  return [
    { name: "token_embd.weight", columns: hidden, rows: shape.vocab_size, format: Q8_0 },
    norm("output_norm.weight"),
    ...Array.from({ length: shape.num_hidden_layers }, (_, layer) => {
      const prefix = `blk.${layer}`;
      return [
        norm(`${prefix}.attn_norm.weight`),
        matrix(`${prefix}.attn_q.weight`, hidden, queries),
        matrix(`${prefix}.attn_k.weight`, hidden, keys),
        matrix(`${prefix}.attn_v.weight`, hidden, keys),
        matrix(`${prefix}.attn_output.weight`, queries, hidden),
        norm(`${prefix}.ffn_norm.weight`),
        matrix(`${prefix}.ffn_gate.weight`, hidden, intermediate),
        matrix(`${prefix}.ffn_up.weight`, hidden, intermediate),
        matrix(`${prefix}.ffn_down.weight`, intermediate, hidden),
      ];
    }).flat(),
  ];
}

function headerOf(shape: GemmaShape, tensors: readonly Tensor[]): Buffer {
  const metadata = metadataOf(shape);
  const head = Buffer.alloc(24);
  head.write("GGUF", 0);
  head.writeUInt32LE(GGUF_VERSION, 4);
  head.writeBigUInt64LE(BigInt(tensors.length), 8);
  head.writeBigUInt64LE(BigInt(metadata.count), 16);
  let offset = 0;
  const entries = tensors.map((tensor) => {
    const { name, columns, rows, format } = tensor;
    // A norm is a vector: one dimension.
    const dimensions = format ? [columns, rows] : [columns];
    const entry = Buffer.alloc(4 + 8 * dimensions.length + 4 + 8);
    entry.writeUInt32LE(dimensions.length, 0);
    for (const [index, size] of dimensions.entries()) entry.writeBigUInt64LE(BigInt(size), 4 + 8 * index);
    entry.writeUInt32LE(format?.type ?? F32_TYPE, 4 + 8 * dimensions.length);
    entry.writeBigUInt64LE(BigInt(offset), 8 + 8 * dimensions.length);
    offset += padded(bytesOf(tensor));
    return Buffer.concat([ggufString(name), entry]);
  });
  return Buffer.concat([head, metadata.bytes, ...entries]);
}

function metadataOf(shape: GemmaShape): GgufMetadata {
  const metadata = new GgufMetadata();
  metadata.string("general.architecture", "gemma");
  metadata.string("general.name", "random gemma");
  metadata.uint32("general.quantization_version", 2);
  metadata.uint32("general.file_type", Q4_0.type);
  metadata.uint32("gemma.context_length", shape.max_position_embeddings);
  metadata.uint32("gemma.embedding_length", shape.hidden_size);
  metadata.uint32("gemma.block_count", shape.num_hidden_layers);
  metadata.uint32("gemma.feed_forward_length", shape.intermediate_size);
  metadata.uint32("gemma.attention.head_count", shape.num_attention_heads);
  metadata.uint32("gemma.attention.head_count_kv", shape.num_key_value_heads);
  metadata.uint32("gemma.attention.key_length", shape.head_dim);
  metadata.uint32("gemma.attention.value_length", shape.head_dim);
  metadata.float32("gemma.attention.layer_norm_rms_epsilon", 1e-6);
  addVocabulary(metadata, shape.vocab_size);
  return metadata;
}

/** Kinds of a token in GGUF. */
const KIND = { ordinary: 1, unknown: 2, control: 3, byte: 6 } as const;

/** A SentencePiece vocabulary llama.cpp accepts: control tokens, all bytes (it looks up the newline's), made-up words. */
function addVocabulary(metadata: GgufMetadata, size: number): void {
  const pieces = ["<pad>", "<eos>", "<bos>", "<unk>"];
  const kinds: number[] = [KIND.control, KIND.control, KIND.control, KIND.unknown];
  for (let byte = 0; byte < 256; byte++) {
    pieces.push(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);
    kinds.push(KIND.byte);
  }
  while (pieces.length < size) {
    pieces.push(`▁word${pieces.length}`);
    kinds.push(KIND.ordinary);
  }
  metadata.string("tokenizer.ggml.model", "llama");
  metadata.strings("tokenizer.ggml.tokens", pieces);
  metadata.float32s(
    "tokenizer.ggml.scores",
    Float32Array.from(pieces, (_, id) => -id),
  );
  metadata.int32s("tokenizer.ggml.token_type", Int32Array.from(kinds));
  metadata.uint32("tokenizer.ggml.padding_token_id", 0);
  metadata.uint32("tokenizer.ggml.eos_token_id", 1);
  metadata.uint32("tokenizer.ggml.bos_token_id", 2);
  metadata.uint32("tokenizer.ggml.unknown_token_id", 3);
}

/** Random integers in every block; the scale, which comes first, is drawn so that a row's length is about one. */
async function writeTensor(file: FileHandle, tensor: Tensor): Promise<number> {
  const { name, columns, rows, format } = tensor;
  if (!format) return writePadded(file, Buffer.from(new Float32Array(columns).fill(1).buffer));
  const scale = columns ** -0.5 / format.deviation;
  const scaleOfByte = Uint16Array.from({ length: 256 }, (_, byte) => halfBits(scale * (0.5 + byte / 256)));
  const random = new RandomWords(SEED, name);
  const blocks = (columns * rows) / BLOCK_WEIGHTS;
  const words = new Uint32Array(Math.ceil((Math.min(BLOCKS_PER_CHUNK, blocks) * format.blockBytes) / 4));
  const chunk = Buffer.from(words.buffer);
  for (let done = 0; done < blocks; done += BLOCKS_PER_CHUNK) {
    random.fill(words);
    const bytes = Math.min(BLOCKS_PER_CHUNK, blocks - done) * format.blockBytes;
    for (let at = 0; at < bytes; at += format.blockBytes) chunk.writeUInt16LE(scaleOfByte[chunk[at]!]!, at);
    await writeAll(file, chunk.subarray(0, bytes));
  }
  const bytes = bytesOf(tensor);
  await writeAll(file, Buffer.alloc(padded(bytes) - bytes));
  return padded(bytes);
}

async function writePadded(file: FileHandle, bytes: Buffer): Promise<number> {
  await writeAll(file, bytes);
  await writeAll(file, Buffer.alloc(padded(bytes.length) - bytes.length));
  return padded(bytes.length);
}

async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let done = 0; done < bytes.length; ) done += (await file.write(bytes, done, bytes.length - done)).bytesWritten;
}

const bytesOf = ({ columns, rows, format }: Tensor) =>
  format ? ((columns * rows) / BLOCK_WEIGHTS) * format.blockBytes : columns * Float32Array.BYTES_PER_ELEMENT;
const padded = (bytes: number) => Math.ceil(bytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;

if (import.meta.main) {
  const { values } = parseArgs({
    options: { shape: { type: "string" }, layers: { type: "string" }, out: { type: "string" } },
  });
  if (!values.shape || !values.out)
    throw new Error("usage: node test/bench/peers/write-gguf.ts --shape 2b|7b|tiny [--layers N] --out FILE");
  const layers = values.layers === undefined ? undefined : Number(values.layers);
  console.log(`${await writeGguf(values.out, gemmaShape(values.shape, layers))} bytes`);
}
