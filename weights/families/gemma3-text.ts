import type { LayerGraph } from "./layer-graph.ts";

/**
 * The text model of Gemma 3 (Gemma Team 2025, "Gemma 3 Technical Report"): Gemma 2's four norms, and in place of the
 * soft cap a norm over each head of queries and keys. Five layers with a short window and a low rotary base for each
 * global one with a high base.
 */
export function gemma3TextLayer(layer: LayerGraph): void {
  const attention = layer.attention(layer.norm(layer.hidden, "input_layernorm"), { headNorms: true });
  const attentionNormed = layer.norm(attention, "post_attention_layernorm");
  const afterAttention = layer.add(layer.hidden, attentionNormed, "after_attention");

  const feedForward = layer.feedForward(layer.norm(afterAttention, "pre_feedforward_layernorm"));
  const feedForwardNormed = layer.norm(feedForward, "post_feedforward_layernorm");
  layer.add(afterAttention, feedForwardNormed, "hidden_out");
}
