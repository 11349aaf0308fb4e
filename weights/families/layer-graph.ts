import type { Architecture } from "../manifest.ts";
import { ExternalLayout } from "../onnx/external-layout.ts";
import { GraphBuilder } from "../onnx/graph-builder.ts";
import type { LayerBits } from "./layer-bits.ts";
import { type LayerMatrix, layerMatrices } from "./shapes.ts";
import { hiddenShape, type Shard } from "./shard.ts";

/** A matrix of a layer. */
export interface LayerProduct {
  readonly matrix: LayerMatrix;
  /** The checkpoint's tensor. */
  readonly source: string;
  /** The graph's name for the rows it multiplies. */
  readonly input: string;
}

export interface PlannedLayer extends Shard {
  /** In order of use. */
  readonly products: readonly LayerProduct[];
}

export interface AttentionBlock {
  /** RMSNorm over each head of queries and keys before they are rotated ("q_norm", "k_norm"). */
  readonly headNorms: boolean;
}

/**
 * The graph of one decoder layer, in the words the families are described with.
 *
 * Inputs: hidden float32 [1, rows, hidden]; past_key and past_value float32 [1, kv heads, past, head_dim]; seqlens_k
 * int32 [1] = past + rows − 1; total_sequence_length int32 [] = past + rows; cos_cache and sin_cache float32
 * [positions, head_dim / 2], the layer's rotary tables (the manifest's architecture.attention says which), of which
 * positions past … past + rows − 1 are read.
 * Outputs: hidden_out like hidden; present_key and present_value [1, kv heads, past + rows, head_dim].
 */
export class LayerGraph {
  readonly hidden: string;
  readonly #architecture: Architecture;
  readonly #layer: number;
  readonly #bits: LayerBits;
  readonly #name: string;
  readonly #layout: ExternalLayout;
  readonly #graph: GraphBuilder;
  readonly #cache: readonly string[];
  readonly #products: LayerProduct[] = [];

  constructor(architecture: Architecture, layer: number, bits: LayerBits) {
    const { numKeyValueHeads, headDim } = architecture;
    this.#architecture = architecture;
    this.#layer = layer;
    this.#bits = bits;
    this.#name = `layer-${String(layer).padStart(2, "0")}`;
    this.#layout = new ExternalLayout((index) => `${this.#name}-${index}.bin`);
    const graph = new GraphBuilder(this.#name, this.#layout);
    this.#graph = graph;
    const pastShape = [1, numKeyValueHeads, "past_tokens", headDim];
    this.hidden = graph.input("hidden", "float32", hiddenShape(architecture));
    this.#cache = [
      graph.input("past_key", "float32", pastShape),
      graph.input("past_value", "float32", pastShape),
      graph.input("seqlens_k", "int32", [1]),
      graph.input("total_sequence_length", "int32", []),
      graph.input("cos_cache", "float32", ["positions", headDim / 2]),
      graph.input("sin_cache", "float32", ["positions", headDim / 2]),
    ];
  }

  /** RMSNorm of hidden rows by the layer's norm of that name. */
  norm(input: string, name: string): string {
    return this.#graph.rmsNorm(input, {
      name,
      source: `model.layers.${this.#layer}.${name}.weight`,
      size: this.#architecture.hiddenSize,
      epsilon: this.#architecture.rmsNormEps,
    });
  }

  /** Rotary on queries and keys, heads in groups over few key/value heads, within the layer's window if it has one. */
  attention(input: string, { headNorms }: AttentionBlock): string {
    const { numAttentionHeads, numKeyValueHeads, queryPreAttnScalar, attnLogitSoftcapping } = this.#architecture;
    const { window } = this.#architecture.attention[this.#layer]!;
    const queries = this.#linear(input, "self_attn", "q_proj");
    const keys = this.#linear(input, "self_attn", "k_proj");
    const values = this.#linear(input, "self_attn", "v_proj");
    const attended = this.#graph.apply(
      "com.microsoft::GroupQueryAttention",
      [
        headNorms ? this.#headNorm(queries, "q_norm", numAttentionHeads) : queries,
        headNorms ? this.#headNorm(keys, "k_norm", numKeyValueHeads) : keys,
        values,
        ...this.#cache,
      ],
      ["attention", "present_key", "present_value"],
      {
        num_heads: numAttentionHeads,
        kv_num_heads: numKeyValueHeads,
        scale: { float: 1 / Math.sqrt(queryPreAttnScalar) },
        do_rotary: 1,
        rotary_interleaved: 0,
        ...(attnLogitSoftcapping !== null && { softcap: { float: attnLogitSoftcapping } }),
        // Counts the row itself, as the pinned onnxruntime-web does; onnxruntime 1.22 showed a row one key more.
        ...(window !== null && { local_window_size: window }),
      },
    );
    return this.#linear(attended, "self_attn", "o_proj");
  }

  /** GeGLU with the tanh form of GELU on the gate. */
  feedForward(input: string): string {
    const gate = this.#linear(input, "mlp", "gate_proj");
    const up = this.#linear(input, "mlp", "up_proj");
    const activated = this.#graph.apply("Gelu", [gate], "gate_activated", { approximate: "tanh" });
    const gated = this.#graph.apply("Mul", [activated, up], "gated");
    return this.#linear(gated, "mlp", "down_proj");
  }

  /** The residual with a block's rows added. */
  add(residual: string, rows: string, name: string): string {
    return this.#graph.apply("Add", [residual, rows], name);
  }

  /** The shard, once a value "hidden_out" was made. */
  finish(): PlannedLayer {
    const { numKeyValueHeads, headDim } = this.#architecture;
    const presentShape = [1, numKeyValueHeads, "total_tokens", headDim];
    this.#graph.output("hidden_out", "float32", hiddenShape(this.#architecture));
    this.#graph.output("present_key", "float32", presentShape);
    this.#graph.output("present_value", "float32", presentShape);
    const graphs = [{ path: `${this.#name}.onnx`, bytes: this.#graph.encode() }];
    return { graphs, data: this.#layout.files, products: this.#products };
  }

  #linear(input: string, block: string, matrix: LayerMatrix): string {
    const source = `model.layers.${this.#layer}.${block}.${matrix}.weight`;
    this.#products.push({ matrix, source, input });
    return this.#graph.linear(input, {
      name: matrix,
      bits: this.#bits[matrix],
      source,
      ...layerMatrices(this.#architecture)[matrix],
    });
  }

  /** RMSNorm of each head of [1, rows, heads · head_dim]. */
  #headNorm(input: string, name: string, heads: number): string {
    const { headDim, rmsNormEps } = this.#architecture;
    const reshape = (rows: string, width: number, output: string) =>
      // 0 keeps the batch, −1 is what remains: rows · heads, or rows.
      this.#graph.apply("Reshape", [rows, this.#graph.integers(`${output}.shape`, [0, -1, width])], output);
    const normed = this.#graph.rmsNorm(reshape(input, headDim, `${name}.heads`), {
      name,
      source: `model.layers.${this.#layer}.self_attn.${name}.weight`,
      size: headDim,
      epsilon: rmsNormEps,
    });
    return reshape(normed, heads * headDim, `${name}.rows`);
  }
}
