import { byteText } from "../../../weights/sources/vocabulary.ts";
import { type Tensors, tinyConfig, tinyTensors } from "../tiny-checkpoint.ts";
import { array, bool, encodeGguf, f32, GGML_TYPES, type StoredTensor, text, u32, type Value } from "./gguf-writer.ts";

const LAYER_NAMES: Record<string, string> = {
  input_layernorm: "attn_norm",
  "self_attn.q_proj": "attn_q",
  "self_attn.k_proj": "attn_k",
  "self_attn.v_proj": "attn_v",
  "self_attn.o_proj": "attn_output",
  post_attention_layernorm: "ffn_norm",
  "mlp.gate_proj": "ffn_gate",
  "mlp.up_proj": "ffn_up",
  "mlp.down_proj": "ffn_down",
};

/** What llama.cpp's converter calls a tensor of Gemma 1. */
export function ggufName(name: string): string {
  const [, layer, part] = /^model\.layers\.(\d+)\.(.*)\.weight$/.exec(name) ?? [];
  if (part !== undefined) return `blk.${layer}.${LAYER_NAMES[part]}.weight`;
  return name === "model.norm.weight" ? "output_norm.weight" : "token_embd.weight";
}

/** The tiny checkpoint's metadata. */
export const tinyMetadata = (): [string, Value][] => [
  ["general.architecture", text("gemma")],
  ["gemma.context_length", u32(tinyConfig.max_position_embeddings)],
  ["gemma.embedding_length", u32(tinyConfig.hidden_size)],
  ["gemma.block_count", u32(tinyConfig.num_hidden_layers)],
  ["gemma.feed_forward_length", u32(tinyConfig.intermediate_size)],
  ["gemma.attention.head_count", u32(tinyConfig.num_attention_heads)],
  ["gemma.attention.head_count_kv", u32(tinyConfig.num_key_value_heads)],
  ["gemma.attention.key_length", u32(tinyConfig.head_dim)],
  ["gemma.attention.value_length", u32(tinyConfig.head_dim)],
  ["gemma.attention.layer_norm_rms_epsilon", f32(tinyConfig.rms_norm_eps)],
];

/** Its tensors in float32; norms as 1 + w. */
export function tinyStoredTensors(tensors: Tensors = tinyTensors()): StoredTensor[] {
  return Object.entries(tensors).map(([name, { shape, values }]) => {
    const stored = shape.length === 1 ? values.map((weight) => 1 + weight) : values;
    return { name: ggufName(name), shape, type: GGML_TYPES.F32, data: bytesOf(stored) };
  });
}

const bytesOf = (values: Float32Array) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

/** Metadata of a small tokenizer as llama.cpp writes it: spaces stay spaces in user-defined tokens. */
export function smallTokenizerMetadata(): [string, Value][] {
  const tokens: [string, type: number, score: number][] = [
    ["<pad>", 3, -1000],
    ["<eos>", 3, -1000],
    ["<bos>", 3, -1000],
    ["<unk>", 2, -1000],
    ["<start_of_turn>", 4, -1000],
    ["<end_of_turn>", 3, -1000],
    ["\n", 4, -1000],
    ["  ", 4, -1000],
    ["   ", 4, -1000],
    ...Array.from({ length: 256 }, (_, byte): [string, number, number] => [byteText(byte), 6, 0]),
    ["bc", 1, -1],
    ["ab", 1, -2],
    ["abc", 1, -3],
    ["▁", 1, -4],
    ["a", 1, -5],
    ["b", 1, -6],
    ["c", 1, -7],
    ["[PAD0]", 5, -1000],
    ["[PAD1]", 5, -1000],
  ];
  return [
    ["tokenizer.ggml.model", text("llama")],
    ["tokenizer.ggml.pre", text("default")],
    [
      "tokenizer.ggml.tokens",
      array(
        "string",
        tokens.map(([token]) => token),
      ),
    ],
    [
      "tokenizer.ggml.token_type",
      array(
        "i32",
        tokens.map(([, type]) => type),
      ),
    ],
    [
      "tokenizer.ggml.scores",
      array(
        "f32",
        tokens.map(([, , score]) => score),
      ),
    ],
    ["tokenizer.ggml.bos_token_id", u32(2)],
    ["tokenizer.ggml.eos_token_id", u32(5)],
    ["tokenizer.ggml.padding_token_id", u32(0)],
    ["tokenizer.ggml.add_space_prefix", bool(false)],
  ];
}

/** A small GGUF file of Gemma 1 that is right in every respect. */
export const tinyGguf = (): Buffer =>
  encodeGguf({ metadata: [...tinyMetadata(), ...smallTokenizerMetadata()], tensors: tinyStoredTensors() });
