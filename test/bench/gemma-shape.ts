/** The sizes of a Gemma 1, by the names its config.json uses. */
export interface GemmaShape {
  readonly vocab_size: number;
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
  readonly head_dim: number;
  readonly max_position_embeddings: number;
}

/**
 * The released models; one with 2B's rows and layers but little to compute, to see what moving rows costs; the bundled
 * one; and one small enough for tests.
 */
export const GEMMA_SHAPES: Readonly<Record<string, GemmaShape>> = {
  "2b": {
    vocab_size: 256_000,
    hidden_size: 2048,
    intermediate_size: 16_384,
    num_hidden_layers: 18,
    num_attention_heads: 8,
    num_key_value_heads: 1,
    head_dim: 256,
    max_position_embeddings: 8192,
  },
  "7b": {
    vocab_size: 256_000,
    hidden_size: 3072,
    intermediate_size: 24_576,
    num_hidden_layers: 28,
    num_attention_heads: 16,
    num_key_value_heads: 16,
    head_dim: 256,
    max_position_embeddings: 8192,
  },
  "2b-thin": {
    vocab_size: 32_768,
    hidden_size: 2048,
    intermediate_size: 128,
    num_hidden_layers: 18,
    num_attention_heads: 1,
    num_key_value_heads: 1,
    head_dim: 64,
    max_position_embeddings: 8192,
  },
  /** The bundled model's, with a longer context. */
  demo: {
    vocab_size: 2048,
    hidden_size: 256,
    intermediate_size: 1024,
    num_hidden_layers: 6,
    num_attention_heads: 4,
    num_key_value_heads: 1,
    head_dim: 64,
    max_position_embeddings: 8192,
  },
  tiny: {
    vocab_size: 2048,
    hidden_size: 64,
    intermediate_size: 256,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 1,
    head_dim: 32,
    max_position_embeddings: 1024,
  },
};

/** A shape by name, with another number of layers where one is given. Throws an error that names the choices. */
export function gemmaShape(name: string, layers?: number): GemmaShape {
  const shape = GEMMA_SHAPES[name];
  if (!shape) throw new Error(`unknown shape ${name}; expected one of ${Object.keys(GEMMA_SHAPES).join(", ")}`);
  if (layers === undefined) return shape;
  if (!Number.isInteger(layers) || layers < 1 || layers > 256)
    throw new Error(`${layers} layers; expected a whole number from 1 to 256`);
  return { ...shape, num_hidden_layers: layers };
}
