import type { Tensors } from "../weights/tiny-checkpoint.ts";
import type { RecipeConfig } from "./recipe-checkpoint.ts";

/** What the fields of a config.json mean, written out by the test that knows. */
export interface Meaning {
  /** Of each layer; null is global. */
  readonly windows: readonly (number | null)[];
  /** Rotary frequency of pair i of n in a layer. */
  readonly frequency: (layer: number, i: number, n: number) => number;
  readonly scale: number;
  readonly scoreCap?: number;
  readonly logitCap?: number;
}

type Row = Float64Array<ArrayBuffer>;
const EPSILON = 1e-6;
const cap = (x: number, limit: number | undefined) => (limit === undefined ? x : limit * Math.tanh(x / limit));

/**
 * Logits [ids, vocabulary] of a Gemma of any family in float64, straight from the checkpoint's tensors and as slowly as
 * that reads: the judge of graphs and engines together. Which norms there are tells the families apart.
 */
export function plainLogits(config: RecipeConfig, meaning: Meaning, tensors: Tensors, ids: readonly number[]): Row {
  const { hidden_size, vocab_size, num_hidden_layers } = config;
  const table = tensors["model.embed_tokens.weight"]!.values;
  const tableRow = (id: number) => table.subarray(id * hidden_size, (id + 1) * hidden_size);
  let rows = ids.map((id) => Float64Array.from(tableRow(id), (x) => x * Math.sqrt(hidden_size)));
  for (let layer = 0; layer < num_hidden_layers; layer++) rows = plainLayer(config, meaning, tensors, layer, rows);
  const logits = new Float64Array(ids.length * vocab_size);
  for (const [position, row] of rows.entries()) {
    const normed = norm(row, tensors["model.norm.weight"]!.values);
    for (let id = 0; id < vocab_size; id++)
      logits[position * vocab_size + id] = cap(dot(normed, tableRow(id)), meaning.logitCap);
  }
  return logits;
}

function plainLayer(config: RecipeConfig, meaning: Meaning, tensors: Tensors, layer: number, rows: Row[]): Row[] {
  const tensor = (name: string) => tensors[`model.layers.${layer}.${name}.weight`];
  const linear = (row: Row, name: string) => {
    const { shape, values } = tensor(name)!;
    const [outputs, columns] = shape as [number, number];
    return Float64Array.from({ length: outputs }, (_, i) => dot(row, values.subarray(i * columns, (i + 1) * columns)));
  };
  const normed = (row: Row, name: string) => {
    const weights = tensor(name)?.values;
    return weights === undefined ? row : norm(row, weights);
  };
  const fourNorms = tensor("pre_feedforward_layernorm") !== undefined;
  const attended = attention(config, meaning, layer, rows, (row, name) => linear(row, `self_attn.${name}`), {
    q: tensor("self_attn.q_norm")?.values,
    k: tensor("self_attn.k_norm")?.values,
    input: (row) => normed(row, "input_layernorm"),
  });
  return rows.map((row, position) => {
    const output = linear(attended[position]!, "self_attn.o_proj");
    const middle = sum(row, fourNorms ? normed(output, "post_attention_layernorm") : output);
    const input = normed(middle, fourNorms ? "pre_feedforward_layernorm" : "post_attention_layernorm");
    const up = linear(input, "mlp.up_proj");
    const gated = linear(input, "mlp.gate_proj").map((gate, i) => gelu(gate) * up[i]!);
    return sum(middle, normed(linear(gated, "mlp.down_proj"), "post_feedforward_layernorm"));
  });
}

interface HeadNorms {
  readonly q: Float32Array | undefined;
  readonly k: Float32Array | undefined;
  readonly input: (row: Row) => Row;
}

/** Each position's heads, side by side. */
function attention(
  { num_attention_heads: heads, num_key_value_heads: kvHeads, head_dim: dim }: RecipeConfig,
  { windows, frequency, scale, scoreCap }: Meaning,
  layer: number,
  rows: readonly Row[],
  linear: (row: Row, name: string) => Row,
  norms: HeadNorms,
): Row[] {
  const split = (row: Row) => Array.from({ length: row.length / dim }, (_, i) => row.slice(i * dim, (i + 1) * dim));
  const rotate = (head: Row, position: number) =>
    head.map((x, i) => {
      const angle = position * frequency(layer, i % (dim / 2), dim / 2);
      const partner = i < dim / 2 ? -head[i + dim / 2]! : head[i - dim / 2]!;
      return x * Math.cos(angle) + partner * Math.sin(angle);
    });
  const positions = rows.map((row, position) => {
    const input = norms.input(row);
    const rotated = (name: string, weights: Float32Array | undefined) =>
      split(linear(input, name)).map((head) => rotate(weights ? norm(head, weights) : head, position));
    return { q: rotated("q_proj", norms.q), k: rotated("k_proj", norms.k), v: split(linear(input, "v_proj")) };
  });
  return positions.map(({ q }, position) => {
    const first = Math.max(0, position + 1 - (windows[layer] ?? position + 1));
    const seen = positions.slice(first, position + 1);
    const result = new Float64Array(heads * dim);
    for (const [head, query] of q.entries()) {
      const kvHead = Math.floor(head / (heads / kvHeads));
      const weights = seen.map(({ k }) => Math.exp(cap(dot(query, k[kvHead]!) * scale, scoreCap)));
      const total = weights.reduce((a, b) => a + b, 0);
      for (const [index, { v }] of seen.entries())
        for (let i = 0; i < dim; i++) result[head * dim + i]! += (weights[index]! / total) * v[kvHead]![i]!;
    }
    return result;
  });
}

function dot(a: Row, b: Row | Float32Array): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]! * b[i]!;
  return total;
}

const sum = (a: Row, b: Row): Row => a.map((x, i) => x + b[i]!);

const norm = (row: Row, weights: Float32Array): Row => {
  const factor = 1 / Math.sqrt(dot(row, row) / row.length + EPSILON);
  return row.map((x, i) => x * factor * (1 + weights[i]!));
};

const gelu = (x: number) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
