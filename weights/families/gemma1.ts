import { type Architecture, TABLE_TILE_ROWS } from "../manifest.ts";
import { align, type DataFile, ExternalLayout } from "../onnx/external-layout.ts";
import { GraphBuilder, int8Bytes } from "../onnx/graph-builder.ts";
import { type LayerMatrix, layerMatrices } from "./gemma1-shapes.ts";

/*
 * Gemma 1 (Gemma Team 2024, "Gemma: Open Models Based on Gemini Research and Technology") as ONNX shards: one graph a
 * layer, one for the final norm, and two over each range of rows of the tied table.
 */

/** Graphs over common external data. */
export interface Shard {
  readonly graphs: readonly { readonly path: string; readonly bytes: Uint8Array }[];
  readonly data: readonly DataFile[];
}

/** Shape of a batch of hidden rows; positions need not begin at 0. */
const hiddenShape = (architecture: Architecture) => [1, "rows", architecture.hiddenSize];

/**
 * One decoder layer.
 *
 * Inputs: hidden float32 [1, rows, hidden]; past_key and past_value float32 [1, kv heads, past, head_dim]; seqlens_k
 * int32 [1] = past + rows − 1; total_sequence_length int32 [] = past + rows; cos_cache and sin_cache float32
 * [positions, head_dim / 2], the rotary tables, of which positions past … past + rows − 1 are read.
 * Outputs: hidden_out like hidden; present_key and present_value [1, kv heads, past + rows, head_dim].
 */
export function layerShard(architecture: Architecture, layer: number): Shard {
  const { hiddenSize, numAttentionHeads, numKeyValueHeads, headDim, rmsNormEps } = architecture;
  const matrices = layerMatrices(architecture);
  const name = `layer-${String(layer).padStart(2, "0")}`;
  const layout = new ExternalLayout((index) => `${name}-${index}.bin`);
  const graph = new GraphBuilder(name, layout);
  const norm = (input: string, norm: string) =>
    graph.rmsNorm(input, {
      name: norm,
      source: `model.layers.${layer}.${norm}.weight`,
      size: hiddenSize,
      epsilon: rmsNormEps,
    });
  const linear = (input: string, block: string, matrix: LayerMatrix) =>
    graph.linear4(input, {
      name: matrix,
      source: `model.layers.${layer}.${block}.${matrix}.weight`,
      ...matrices[matrix],
    });

  const hidden = graph.input("hidden", "float32", hiddenShape(architecture));
  const pastShape = [1, numKeyValueHeads, "past_tokens", headDim];
  const pastKey = graph.input("past_key", "float32", pastShape);
  const pastValue = graph.input("past_value", "float32", pastShape);
  const lastPosition = graph.input("seqlens_k", "int32", [1]);
  const totalTokens = graph.input("total_sequence_length", "int32", []);
  const cosines = graph.input("cos_cache", "float32", ["positions", headDim / 2]);
  const sines = graph.input("sin_cache", "float32", ["positions", headDim / 2]);

  // Attention: pre-norm, rotary on queries and keys, heads in groups over few key/value heads.
  const attentionInput = norm(hidden, "input_layernorm");
  const queries = linear(attentionInput, "self_attn", "q_proj");
  const keys = linear(attentionInput, "self_attn", "k_proj");
  const values = linear(attentionInput, "self_attn", "v_proj");
  const attended = graph.apply(
    "com.microsoft::GroupQueryAttention",
    [queries, keys, values, pastKey, pastValue, lastPosition, totalTokens, cosines, sines],
    ["attention", "present_key", "present_value"],
    {
      num_heads: numAttentionHeads,
      kv_num_heads: numKeyValueHeads,
      scale: { float: 1 / Math.sqrt(headDim) },
      do_rotary: 1,
      rotary_interleaved: 0,
    },
  );
  const attention = linear(attended, "self_attn", "o_proj");
  const afterAttention = graph.apply("Add", [hidden, attention], "after_attention");

  // Feed-forward: GeGLU with the tanh form of GELU on the gate.
  const feedForwardInput = norm(afterAttention, "post_attention_layernorm");
  const gate = linear(feedForwardInput, "mlp", "gate_proj");
  const up = linear(feedForwardInput, "mlp", "up_proj");
  const activated = graph.apply("Gelu", [gate], "gate_activated", { approximate: "tanh" });
  const gated = graph.apply("Mul", [activated, up], "gated");
  const feedForward = linear(gated, "mlp", "down_proj");
  graph.apply("Add", [afterAttention, feedForward], "hidden_out");

  graph.output("hidden_out", "float32", hiddenShape(architecture));
  const presentShape = [1, numKeyValueHeads, "total_tokens", headDim];
  graph.output("present_key", "float32", presentShape);
  graph.output("present_value", "float32", presentShape);
  return { graphs: [{ path: `${name}.onnx`, bytes: graph.encode() }], data: layout.files };
}

/** The norm after the last layer: hidden [1, rows, hidden] → hidden_out, which the table's head takes. */
export function finalNormShard(architecture: Architecture): Shard {
  const layout = new ExternalLayout((index) => `final-norm-${index}.bin`);
  const graph = new GraphBuilder("final-norm", layout);
  const hidden = graph.input("hidden", "float32", hiddenShape(architecture));
  graph.rmsNorm(hidden, {
    name: "hidden_out",
    source: "model.norm.weight",
    size: architecture.hiddenSize,
    epsilon: architecture.rmsNormEps,
  });
  graph.output("hidden_out", "float32", hiddenShape(architecture));
  return { graphs: [{ path: "final-norm.onnx", bytes: graph.encode() }], data: layout.files };
}

/** What the rows of one table shard take at most; small enough for a shard to move between isolates. */
const TABLE_FILE_BYTES = 8 * 1024 * 1024;
/** Even a small model's table can be cut into this many shards, as far as it has tiles. */
const MIN_TABLE_SHARDS = 8;

/** The table's ranges of rows, in whole tiles. */
export function tableRanges({ vocabSize, hiddenSize }: Architecture): { firstRow: number; rows: number }[] {
  const { scaleBytes, dataBytes } = int8Bytes(TABLE_TILE_ROWS, hiddenSize);
  const tiles = Math.ceil(vocabSize / TABLE_TILE_ROWS);
  const affordable = Math.floor(TABLE_FILE_BYTES / (align(scaleBytes) + align(dataBytes)));
  const tilesPerShard = Math.max(1, Math.min(affordable, Math.ceil(tiles / MIN_TABLE_SHARDS)));
  const rowsPerShard = tilesPerShard * TABLE_TILE_ROWS;
  return Array.from({ length: Math.ceil(vocabSize / rowsPerShard) }, (_, index) => {
    const firstRow = index * rowsPerShard;
    return { firstRow, rows: Math.min(rowsPerShard, vocabSize - firstRow) };
  });
}

/**
 * Rows of the tied table, 8 bit, under two graphs.
 *
 * embed: ids int32 [1, rows], counted from firstRow → hidden float32 [1, rows, hidden], multiplied by √hidden (not
 * rounded to bfloat16: as transformers computes in float32).
 * head: hidden (after the final norm) → logits float32 [1, rows, rows of the table].
 */
export function tableShard(architecture: Architecture, index: number, firstRow: number, rows: number): Shard {
  const { hiddenSize, vocabSize } = architecture;
  const name = `table-${String(index).padStart(4, "0")}`;
  const layout = new ExternalLayout(() => `${name}.bin`);
  const source = "model.embed_tokens.weight";
  const piece = layout.place(
    { encoding: "int8", source, sourceShape: [vocabSize, hiddenSize], firstRow, rows, columns: hiddenSize },
    int8Bytes(rows, hiddenSize),
  );

  const embed = new GraphBuilder(`${name}-embed`, layout);
  const ids = embed.input("ids", "int32", [1, "rows"]);
  const tokens = embed.gatherRows(ids, "embed_tokens", piece, "token_rows");
  embed.apply("Mul", [tokens, embed.scalar("sqrt_hidden", Math.sqrt(hiddenSize))], "hidden");
  embed.output("hidden", "float32", hiddenShape(architecture));

  const head = new GraphBuilder(`${name}-head`, layout);
  const hidden = head.input("hidden", "float32", hiddenShape(architecture));
  head.matMulNBits(hidden, "embed_tokens", piece, "logits");
  head.output("logits", "float32", [1, "rows", rows]);

  return {
    graphs: [
      { path: `${name}-embed.onnx`, bytes: embed.encode() },
      { path: `${name}-head.onnx`, bytes: head.encode() },
    ],
    data: layout.files,
  };
}
