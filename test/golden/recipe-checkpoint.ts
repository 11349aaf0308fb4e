import { halfBits, halfValue } from "../../weights/quantise/half.ts";
import { uniform } from "../runtime/simd/kernels/random-data.ts";
import type { Tensor, Tensors } from "../weights/tiny-checkpoint.ts";

/** The fields of config.json that shapes depend on. */
export interface RecipeConfig {
  readonly architectures: readonly [string];
  readonly vocab_size: number;
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
  readonly head_dim: number;
}

const BLOCK = 32;

/** Weights q · s in blocks of 32 under an fp16 scale: `lowest` is in every block, the others lie in lowest … highest. */
function quantisedMatrix(next: () => number, rows: number, columns: number, lowest: number, highest: number): Tensor {
  const values = new Float32Array(rows * columns);
  // Of the size that keeps a row's sum near 1, give or take a factor of two from block to block.
  const size = 1 / (Math.sqrt(columns) * Math.abs(lowest) * 0.6);
  for (let start = 0; start < values.length; start += BLOCK) {
    const scale = halfValue(halfBits(size * (0.5 + next())));
    for (let i = 0; i < BLOCK; i++) values[start + i] = (lowest + Math.floor(next() * (highest - lowest + 1))) * scale;
    values[start + Math.floor(next() * BLOCK)] = lowest * scale;
  }
  return { shape: [rows, columns], values };
}

const norm = (next: () => number, size: number): Tensor => ({
  shape: [size],
  values: Float32Array.from({ length: size }, () => (next() - 0.5) * 0.8),
});

/** Random tensors by the recipe of ../shared/golden: layers hold 4-bit values, the table 8-bit ones, exactly. */
export function recipeTensors(config: RecipeConfig, seed: number): Tensors {
  const next = uniform(seed);
  const { hidden_size: hidden, intermediate_size: inner, head_dim: dim, architectures } = config;
  const [queries, keys] = [config.num_attention_heads * dim, config.num_key_value_heads * dim];
  const fourNorms = architectures[0] !== "GemmaForCausalLM";
  const headNorms = architectures[0] === "Gemma3ForCausalLM";
  const int4 = (rows: number, columns: number) => quantisedMatrix(next, rows, columns, -8, 7);
  const tensors: Tensors = {
    "model.embed_tokens.weight": quantisedMatrix(next, config.vocab_size, hidden, -127, 127),
    "model.norm.weight": norm(next, hidden),
  };
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const add = (name: string, tensor: Tensor) => {
      tensors[`model.layers.${layer}.${name}.weight`] = tensor;
    };
    add("self_attn.q_proj", int4(queries, hidden));
    add("self_attn.k_proj", int4(keys, hidden));
    add("self_attn.v_proj", int4(keys, hidden));
    add("self_attn.o_proj", int4(hidden, queries));
    add("mlp.gate_proj", int4(inner, hidden));
    add("mlp.up_proj", int4(inner, hidden));
    add("mlp.down_proj", int4(hidden, inner));
    for (const name of ["input_layernorm", "post_attention_layernorm"]) add(name, norm(next, hidden));
    if (fourNorms)
      for (const name of ["pre_feedforward_layernorm", "post_feedforward_layernorm"]) add(name, norm(next, hidden));
    if (headNorms) for (const name of ["self_attn.q_norm", "self_attn.k_norm"]) add(name, norm(next, dim));
  }
  return tensors;
}
