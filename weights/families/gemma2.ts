import type { LayerGraph } from "./layer-graph.ts";

/**
 * Gemma 2 (Gemma Team 2024, "Gemma 2: Improving Open Language Models at a Practical Size"): a norm before and after
 * each block, inside the residual. Attention scores are soft-capped, and every other layer, the first one included,
 * attends within a window.
 */
export function gemma2Layer(layer: LayerGraph): void {
  const attention = layer.attention(layer.norm(layer.hidden, "input_layernorm"), { headNorms: false });
  const attentionNormed = layer.norm(attention, "post_attention_layernorm");
  const afterAttention = layer.add(layer.hidden, attentionNormed, "after_attention");

  const feedForward = layer.feedForward(layer.norm(afterAttention, "pre_feedforward_layernorm"));
  const feedForwardNormed = layer.norm(feedForward, "post_feedforward_layernorm");
  layer.add(afterAttention, feedForwardNormed, "hidden_out");
}
