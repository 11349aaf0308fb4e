/**
 * Writes a Hugging Face folder of a Gemma 1 with random weights and no tokenizer: sharded BF16 safetensors, their
 * index and config.json. `node test/bench/random-model.ts --shape 2b|7b|tiny [--layers N] [--seed N] --out FOLDER`
 */
import { type FileHandle, mkdir, open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type GemmaShape, gemmaShape } from "./gemma-shape.ts";
import { RandomWords } from "./random-words.ts";

/** Released checkpoints are cut into files of about this size; a larger tensor has a file of its own. */
const MAX_SHARD_BYTES = 1024 ** 3;
const CHUNK_ELEMENTS = 1 << 18;
const BYTES_PER_BF16 = 2;

interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly deviation: number;
}

export interface RandomModelOptions {
  readonly seed?: number;
  readonly maxShardBytes?: number;
}

/** Writes the folder, a few megabytes in memory at a time; the same bytes for the same shape and seed. */
export async function writeRandomModel(
  folder: string,
  shape: GemmaShape,
  { seed = 1, maxShardBytes = MAX_SHARD_BYTES }: RandomModelOptions = {},
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const shards = cutIntoShards(tensorsOf(shape), maxShardBytes);
  const weightMap: Record<string, string> = {};
  let totalBytes = 0;
  for (const [index, tensors] of shards.entries()) {
    const file = `model-${fiveDigits(index + 1)}-of-${fiveDigits(shards.length)}.safetensors`;
    await writeShard(join(folder, file), tensors, seed);
    for (const tensor of tensors) {
      weightMap[tensor.name] = file;
      totalBytes += bytesOf(tensor);
    }
  }
  await writeJson(join(folder, "model.safetensors.index.json"), {
    metadata: { total_size: totalBytes },
    weight_map: weightMap,
  });
  await writeJson(join(folder, "config.json"), configOf(shape));
}

/** Every tensor of GemmaForCausalLM with a tied table, in the order the layers run. */
function tensorsOf(shape: GemmaShape): Tensor[] {
  const { vocab_size: vocab, hidden_size: hidden, intermediate_size: intermediate, head_dim } = shape;
  const queries = shape.num_attention_heads * head_dim;
  const keys = shape.num_key_value_heads * head_dim;
  // Rows of unit length keep the activations of a random network in the range of a trained one.
  const matrix = (name: string, rows: number, columns: number): Tensor => ({
    name,
    shape: [rows, columns],
    deviation: columns ** -0.5,
  });
  const norm = (name: string): Tensor => ({ name, shape: [hidden], deviation: 0.1 });
  return [
    matrix("model.embed_tokens.weight", vocab, hidden),
    ...Array.from({ length: shape.num_hidden_layers }, (_, layer) => {
      const prefix = `model.layers.${layer}`;
      return [
        norm(`${prefix}.input_layernorm.weight`),
        matrix(`${prefix}.self_attn.q_proj.weight`, queries, hidden),
        matrix(`${prefix}.self_attn.k_proj.weight`, keys, hidden),
        matrix(`${prefix}.self_attn.v_proj.weight`, keys, hidden),
        matrix(`${prefix}.self_attn.o_proj.weight`, hidden, queries),
        norm(`${prefix}.post_attention_layernorm.weight`),
        matrix(`${prefix}.mlp.gate_proj.weight`, intermediate, hidden),
        matrix(`${prefix}.mlp.up_proj.weight`, intermediate, hidden),
        matrix(`${prefix}.mlp.down_proj.weight`, hidden, intermediate),
      ];
    }).flat(),
    norm("model.norm.weight"),
  ];
}

function configOf(shape: GemmaShape): Record<string, unknown> {
  return {
    architectures: ["GemmaForCausalLM"],
    model_type: "gemma",
    ...shape,
    hidden_act: "gelu_pytorch_tanh",
    rms_norm_eps: 1e-6,
    rope_theta: 10_000,
    bos_token_id: 2,
    eos_token_id: 1,
    pad_token_id: 0,
    torch_dtype: "bfloat16",
  };
}

function cutIntoShards(tensors: readonly Tensor[], maxShardBytes: number): Tensor[][] {
  const shards: Tensor[][] = [];
  let shardBytes = Number.POSITIVE_INFINITY;
  for (const tensor of tensors) {
    if (shardBytes + bytesOf(tensor) > maxShardBytes) {
      shards.push([]);
      shardBytes = 0;
    }
    shards.at(-1)!.push(tensor);
    shardBytes += bytesOf(tensor);
  }
  return shards;
}

async function writeShard(path: string, tensors: readonly Tensor[], seed: number): Promise<void> {
  const header: Record<string, unknown> = { __metadata__: { format: "pt" } };
  let position = 0;
  for (const tensor of tensors) {
    const end = position + bytesOf(tensor);
    header[tensor.name] = { dtype: "BF16", shape: tensor.shape, data_offsets: [position, end] };
    position = end;
  }
  const text = JSON.stringify(header);
  const padded = text.padEnd(Math.ceil(text.length / 8) * 8);
  const length = new DataView(new ArrayBuffer(8));
  length.setBigUint64(0, BigInt(padded.length), true);
  await using file = await open(path, "w");
  await writeAll(file, new Uint8Array(length.buffer));
  await writeAll(file, Buffer.from(padded));
  for (const tensor of tensors) await writeTensor(file, tensor, seed);
}

/** A value is the sum of a word's four bytes about its mean: near a normal distribution, and exact on every machine. */
async function writeTensor(file: FileHandle, { name, shape, deviation }: Tensor, seed: number): Promise<void> {
  const valueOfSum = bfloat16OfSums(deviation);
  const random = new RandomWords(seed, name);
  const elements = elementsOf(shape);
  const words = new Uint32Array(Math.min(CHUNK_ELEMENTS, elements));
  const values = new Uint16Array(words.length);
  for (let done = 0; done < elements; done += words.length) {
    random.fill(words);
    for (let index = 0; index < words.length; index++) {
      const word = words[index]!;
      values[index] = valueOfSum[(word & 255) + ((word >>> 8) & 255) + ((word >>> 16) & 255) + (word >>> 24)]!;
    }
    const count = Math.min(words.length, elements - done);
    await writeAll(file, new Uint8Array(values.buffer, 0, count * BYTES_PER_BF16));
  }
}

const MAX_BYTE = 255;
const BYTES_PER_WORD = 4;

function bfloat16OfSums(deviation: number): Uint16Array {
  const mean = (BYTES_PER_WORD * MAX_BYTE) / 2;
  const sumDeviation = ((BYTES_PER_WORD * (256 ** 2 - 1)) / 12) ** 0.5;
  const single = new Float32Array(1);
  const bits = new Uint32Array(single.buffer);
  return Uint16Array.from({ length: BYTES_PER_WORD * MAX_BYTE + 1 }, (_, sum) => {
    single[0] = ((sum - mean) / sumDeviation) * deviation;
    // To nearest, ties away from zero: ties do not matter to a random weight.
    return (bits[0]! + 0x8000) >>> 16;
  });
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) done += (await file.write(bytes, done, bytes.length - done)).bytesWritten;
}

const writeJson = (path: string, value: unknown) => writeFile(path, `${JSON.stringify(value, null, 2)}\n`);
const elementsOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);
const bytesOf = (tensor: Tensor) => elementsOf(tensor.shape) * BYTES_PER_BF16;
const fiveDigits = (value: number) => String(value).padStart(5, "0");

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      shape: { type: "string" },
      layers: { type: "string" },
      seed: { type: "string", default: "1" },
      out: { type: "string" },
    },
  });
  if (!values.shape || !values.out)
    throw new Error("usage: node test/bench/random-model.ts --shape 2b|7b|tiny [--layers N] [--seed N] --out FOLDER");
  const layers = values.layers === undefined ? undefined : Number(values.layers);
  await writeRandomModel(values.out, gemmaShape(values.shape, layers), { seed: Number(values.seed) });
}
