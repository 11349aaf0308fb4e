import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { halfBits } from "../../weights/quantise/half.ts";

export type DType = "F32" | "F16" | "BF16";
export interface Tensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}
export type Tensors = Record<string, Tensor>;

export const tinyConfig = {
  architectures: ["GemmaForCausalLM"],
  model_type: "gemma",
  vocab_size: 1088,
  hidden_size: 64,
  intermediate_size: 96,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 16,
  hidden_act: "gelu",
  hidden_activation: null,
  max_position_embeddings: 128,
  rms_norm_eps: 1e-6,
  rope_theta: 10000,
};

/** Values that bfloat16 and float16 hold exactly, so that the three types carry the same model. */
export function tinyTensors(config: typeof tinyConfig = tinyConfig): Tensors {
  let state = 12345;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ((state >>> 24) - 128) / 1024;
  };
  const tensor = (...shape: number[]): Tensor => ({
    shape,
    values: Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, next),
  });
  const { hidden_size: hidden, intermediate_size: inner, head_dim: dim } = config;
  const queries = config.num_attention_heads * dim;
  const keys = config.num_key_value_heads * dim;
  const tensors: Tensors = { "model.embed_tokens.weight": tensor(config.vocab_size, hidden) };
  for (let layer = 0; layer < config.num_hidden_layers; layer++)
    for (const [name, ...shape] of [
      ["input_layernorm", hidden],
      ["self_attn.q_proj", queries, hidden],
      ["self_attn.k_proj", keys, hidden],
      ["self_attn.v_proj", keys, hidden],
      ["self_attn.o_proj", hidden, queries],
      ["post_attention_layernorm", hidden],
      ["mlp.gate_proj", inner, hidden],
      ["mlp.up_proj", inner, hidden],
      ["mlp.down_proj", hidden, inner],
    ] as [string, ...number[]][])
      tensors[`model.layers.${layer}.${name}.weight`] = tensor(...shape);
  tensors["model.norm.weight"] = tensor(hidden);
  return tensors;
}

/** The bytes of a safetensors file. */
export function encodeSafetensors(tensors: Tensors, dtype: DType): Uint8Array {
  const parts: Uint8Array[] = [];
  const header: Record<string, unknown> = { __metadata__: { format: "pt" } };
  let offset = 0;
  for (const [name, { shape, values }] of Object.entries(tensors)) {
    const part = encodeValues(values, dtype);
    header[name] = { dtype, shape, data_offsets: [offset, offset + part.byteLength] };
    offset += part.byteLength;
    parts.push(part);
  }
  return withHeader(JSON.stringify(header), Buffer.concat(parts));
}

/** Length prefix, header text, data: whatever the text says. */
export function withHeader(
  header: string,
  data: Uint8Array,
  headerBytes = BigInt(Buffer.byteLength(header)),
): Uint8Array {
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(headerBytes);
  return Buffer.concat([prefix, Buffer.from(header), data]);
}

function encodeValues(values: Float32Array, dtype: DType): Uint8Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const encoded =
    dtype === "F32"
      ? values
      : Uint16Array.from(values, (value, i) => (dtype === "F16" ? halfBits(value) : bits[i]! >>> 16));
  return new Uint8Array(encoded.buffer, encoded.byteOffset, encoded.byteLength);
}

/** Writes a checkpoint folder: config.json and one model.safetensors. */
export function writeCheckpoint(
  folder: string,
  {
    tensors = tinyTensors(),
    dtype = "F32",
    config = tinyConfig,
  }: { tensors?: Tensors; dtype?: DType; config?: object } = {},
): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  writeFileSync(join(folder, "model.safetensors"), encodeSafetensors(tensors, dtype));
  return folder;
}

/** The same split over files with an index, tensors dealt out in turn. */
export function writeShardedCheckpoint(folder: string, fileCount: number, tensors = tinyTensors()): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "config.json"), JSON.stringify(tinyConfig));
  const weightMap: Record<string, string> = {};
  const files: Tensors[] = Array.from({ length: fileCount }, () => ({}));
  const fileName = (index: number) => `model-0000${index + 1}-of-0000${fileCount}.safetensors`;
  for (const [position, [name, tensor]] of Object.entries(tensors).entries()) {
    files[position % fileCount]![name] = tensor;
    weightMap[name] = fileName(position % fileCount);
  }
  for (const [index, file] of files.entries())
    writeFileSync(join(folder, fileName(index)), encodeSafetensors(file, "F32"));
  writeFileSync(
    join(folder, "model.safetensors.index.json"),
    JSON.stringify({ metadata: { total_size: 1 }, weight_map: weightMap }),
  );
  return folder;
}
