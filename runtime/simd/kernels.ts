/**
 * The kernels of the `simd` engine, over one WASM memory. Arguments named after buffers are byte offsets. Two
 * implementations: the AssemblyScript module (relaxed SIMD and SIMD128 builds, bit-equal) and `reference/` in plain
 * TypeScript. A row's result never depends on `rows`. Nothing allocates.
 */
export interface Kernels {
  /**
   * x float32 [rows, columns] → activation rows (layout.ts). 8 bit: q = round-half-even(x / scale), scale = max|x| / 127
   * per segment; 16 bit: scale = max|x| / 32639, high = (q + 128) >> 8, low = q − 256 · high, so both fit int8.
   * A segment of zeros has scale 0.
   */
  quantizeActivations(x: number, rows: number, columns: number, bits: number, activations: number): void;

  /**
   * y float32 [rows, outputs] = activations · 4-bit matrixᵀ. Per (row, output):
   * rowScale · Σ_segment (float(Σ_block blockScale · Σ (nibble − 8) · q) · activationScale), the outer sum in float32 in
   * column order; with 16 bits each segment adds float(high sum) · (256 · scale) and then float(low sum) · scale.
   */
  matmulQ4(activations: number, rows: number, columns: number, bits: number, weights: number, outputs: number, y: number): void;

  /** The same for an 8-bit matrix; the order of float additions is that of reference/matmul-q8.ts. */
  matmulQ8(activations: number, rows: number, columns: number, bits: number, weights: number, outputs: number, y: number): void;

  /** y [rows, columns] = dequantised rows `ids` (uint32 [rows], local to this matrix) of an 8-bit matrix, exact. */
  gatherQ8(weights: number, columns: number, ids: number, rows: number, y: number): void;

  /** y = x / √(mean(x²) + epsilon) · weight, a row at a time; weight float32 [columns] already holds 1 + w. */
  rmsNorm(x: number, rows: number, columns: number, weight: number, epsilon: number, y: number): void;

  /** y = a + b over `count` float32 (count a multiple of 4); y may be a or b. */
  add(a: number, b: number, count: number, y: number): void;
  /** y = x · factor over `count` float32. */
  scale(x: number, count: number, factor: number, y: number): void;
  /** y = gelu_tanh(gate) · up over `count` float32; y may be gate or up. */
  geluMultiply(gate: number, up: number, count: number, y: number): void;

  /** In place on x [rows, heads, headDim]: pairs i and i + headDim/2 rotate by the row's cos/sin [rows, headDim/2]. */
  rotary(x: number, rows: number, heads: number, headDim: number, cos: number, sin: number): void;

  /**
   * Writes keys and values [rows, kvHeads, headDim] of consecutive positions from `position` into the pages as float16
   * (round to nearest even). `pageTable` is uint32 [pages]: the offset of each page; `layerOffset` lies inside a page.
   */
  storeKv(k: number, v: number, rows: number, position: number, kvHeads: number, headDim: number, pageTable: number, layerOffset: number): void;

  /**
   * Causal grouped-query attention of `rows` rotated queries [rows, heads, headDim] at positions `position …` over the
   * KV pages (which already hold these rows). scores = q·k · scale, then softCap · tanh(scores / softCap) if softCap > 0;
   * a row sees keys p with row − window < p ≤ row (window 0: all). Sums go in position order by tiles of PAGE_TOKENS
   * beginning at multiples of it, so chunking never matters. out [rows, heads, headDim].
   * `scratch` holds attentionScratchBytes(…) bytes.
   */
  attention(
    q: number, rows: number, position: number, heads: number, kvHeads: number, headDim: number,
    scale: number, softCap: number, window: number, pageTable: number, layerOffset: number, scratch: number, out: number,
  ): void;

  /** Repacks `outputs` rows (a multiple of 4, or the last ones) of MatMulNBits 4-bit bytes + fp16 scales into the stream. */
  repackQ4(bytes: number, scales: number, firstOutput: number, outputs: number, columns: number, totalOutputs: number, weights: number): void;
  /** The same for 8-bit bytes (offset 128) + fp16 scales. */
  repackQ8(bytes: number, scales: number, firstOutput: number, outputs: number, columns: number, weights: number): void;

  /** Index of the largest of `count` float32; the lowest index among equals. */
  argmax(x: number, count: number): number;
  /**
   * The `k` largest of `count` float32, best first, equals by lower index: indices uint32 [k], values float32 [k].
   * Returns min(k, count).
   */
  topK(x: number, count: number, k: number, indices: number, values: number): number;
  /** Per tile of 1,024 values: [max, Σ exp((x − max) · inverseTemperature)] float32 pairs; the sum in reference order. */
  tileSums(x: number, count: number, inverseTemperature: number, tiles: number): void;
}

/** Bytes of scratch `attention` needs: the scores of one row for all heads, and one page of keys or values in float32. */
export const attentionScratchBytes = (heads: number, kvHeads: number, headDim: number, maxTokens: number, pageTokens: number) =>
  (heads * Math.ceil(maxTokens / pageTokens) * pageTokens + kvHeads * pageTokens * headDim) * 4;
