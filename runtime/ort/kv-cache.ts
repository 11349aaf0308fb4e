/** One layer's keys and values of one session, as GroupQueryAttention gives them back: [kvHeads, tokens, headDim]. */
export interface LayerKv {
  readonly key: Float32Array;
  readonly value: Float32Array;
}

export const emptyKv: LayerKv = { key: new Float32Array(0), value: new Float32Array(0) };

/** The first `tokens` tokens of a layer's cache that holds `held`. */
export function truncateKv({ key, value }: LayerKv, kvHeads: number, held: number, tokens: number): LayerKv {
  const cut = (data: Float32Array) => {
    const headDim = data.length / (kvHeads * held);
    const kept = new Float32Array(kvHeads * tokens * headDim);
    for (let head = 0; head < kvHeads; head++) {
      const start = head * held * headDim;
      kept.set(data.subarray(start, start + tokens * headDim), head * tokens * headDim);
    }
    return kept;
  };
  return { key: cut(key), value: cut(value) };
}
