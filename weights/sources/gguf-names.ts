/** Architectures of llama.cpp that are read, and the class of transformers each stands for. */
export const GGUF_CLASSES = {
  gemma: "GemmaForCausalLM",
  gemma2: "Gemma2ForCausalLM",
  gemma3: "Gemma3ForCausalLM",
} as const;
export type GgufArchitecture = keyof typeof GGUF_CLASSES;

const MODEL_TENSORS: Readonly<Record<string, string>> = {
  "token_embd.weight": "model.embed_tokens.weight",
  "output_norm.weight": "model.norm.weight",
  "output.weight": "lm_head.weight",
};

const ATTENTION_AND_FEED_FORWARD = {
  attn_norm: "input_layernorm",
  attn_q: "self_attn.q_proj",
  attn_k: "self_attn.k_proj",
  attn_v: "self_attn.v_proj",
  attn_output: "self_attn.o_proj",
  ffn_gate: "mlp.gate_proj",
  ffn_up: "mlp.up_proj",
  ffn_down: "mlp.down_proj",
};
const FOUR_NORMS = {
  ...ATTENTION_AND_FEED_FORWARD,
  post_attention_norm: "post_attention_layernorm",
  ffn_norm: "pre_feedforward_layernorm",
  post_ffw_norm: "post_feedforward_layernorm",
};
const LAYER_TENSORS: Record<GgufArchitecture, Readonly<Record<string, string>>> = {
  // Transformers names Gemma 1's second norm for what it follows, llama.cpp for what it precedes.
  gemma: { ...ATTENTION_AND_FEED_FORWARD, ffn_norm: "post_attention_layernorm" },
  gemma2: FOUR_NORMS,
  gemma3: { ...FOUR_NORMS, attn_q_norm: "self_attn.q_norm", attn_k_norm: "self_attn.k_norm" },
};

/** The name transformers gives a tensor of a GGUF file; the name as it is where there is none. */
export function huggingFaceName(name: string, architecture: GgufArchitecture): string {
  if (Object.hasOwn(MODEL_TENSORS, name)) return MODEL_TENSORS[name]!;
  const [, layer, part = ""] = /^blk\.(\d{1,4})\.(\w+)\.weight$/.exec(name) ?? [];
  const layerTensors = LAYER_TENSORS[architecture];
  return Object.hasOwn(layerTensors, part) ? `model.layers.${Number(layer)}.${layerTensors[part]}.weight` : name;
}
