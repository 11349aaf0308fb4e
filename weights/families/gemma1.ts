import type { LayerGraph } from "./layer-graph.ts";

/**
 * Gemma 1 (Gemma Team 2024, "Gemma: Open Models Based on Gemini Research and Technology"): a norm before each block.
 * Despite its name, post_attention_layernorm is the feed-forward's.
 */
export function gemma1Layer(layer: LayerGraph): void {
  const attention = layer.attention(layer.norm(layer.hidden, "input_layernorm"), { headNorms: false });
  const afterAttention = layer.add(layer.hidden, attention, "after_attention");

  const feedForward = layer.feedForward(layer.norm(afterAttention, "post_attention_layernorm"));
  layer.add(afterAttention, feedForward, "hidden_out");
}
