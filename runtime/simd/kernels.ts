import type { ActivationBits, KvBits } from "../engine.ts";

/**
 * The kernels of the `simd` engine, over one WASM memory. Arguments named after buffers are byte offsets, multiples of
 * 16; columns are multiples of 32. Two implementations: the AssemblyScript module (relaxed SIMD and SIMD128 builds) and
 * `reference/` in plain TypeScript, all bit-equal. A row's result never depends on `rows`. Nothing allocates; arguments
 * are trusted. A row with an infinite or NaN element gives NaN through quantizeActivations, and never touches other rows.
 */
export interface Kernels {
  /**
   * x float32 [rows, columns] → activation rows (layout.ts). Per segment of 128 columns, m = max|x|: 8 bit scale = m / 127,
   * q = round-half-even(x · (127 / m)); 16 bit scale = m / 32512, q likewise, in two digits of base 255 that are rounded
   * to nearest, so both lie within ±127. Where m < 2⁻¹⁰⁰ scale and q are 0; where m is not finite scale is NaN and q 0.
   */
  quantizeActivations(x: number, rows: number, columns: number, bits: ActivationBits, activations: number): void;

  /**
   * y float32 [rows, outputs] = activations · 4-bit matrixᵀ. Per (row, output): rowScale · f, where f sums, in float32
   * and column order, float(Σ_block blockScale · Σ (nibble − 8) · q) · scale of each segment; with 16 bits each segment
   * adds its high digits' sum · (255 · scale), then its low digits' sum · scale. The integer sums are exact.
   */
  matmulQ4(
    activations: number,
    rows: number,
    columns: number,
    bits: ActivationBits,
    weights: number,
    outputs: number,
    y: number,
  ): void;

  /**
   * The same for an 8-bit matrix: per segment t sums, in float32 and column order, float(Σ w · q) · blockScale of its
   * blocks, and y sums t · scale of the segments (with 16 bits high digits, then low digits, as above).
   */
  matmulQ8(
    activations: number,
    rows: number,
    columns: number,
    bits: ActivationBits,
    weights: number,
    outputs: number,
    y: number,
  ): void;

  /** y [rows, columns] = dequantised rows `ids` (uint32 [rows], local to this matrix) of an 8-bit matrix, exact. */
  gatherQ8(weights: number, columns: number, ids: number, rows: number, y: number): void;

  /**
   * y = x / √(mean(x²) + epsilon) · weight, a row at a time; weight float32 [columns] already holds 1 + w; columns are a
   * multiple of 16; y may be x.
   */
  rmsNorm(x: number, rows: number, columns: number, weight: number, epsilon: number, y: number): void;

  /** y = a + b over `count` float32 (count a multiple of 4); y may be a or b. */
  add(a: number, b: number, count: number, y: number): void;
  /** y = x · factor over `count` float32 (a multiple of 4); y may be x. */
  scale(x: number, count: number, factor: number, y: number): void;
  /** y = gelu_tanh(gate) · up over `count` float32 (a multiple of 4); y may be gate or up. */
  geluMultiply(gate: number, up: number, count: number, y: number): void;

  /** y = cap · tanh(x / cap) over `count` float32 (any count), in float32; y may be x. */
  softCap(x: number, count: number, cap: number, y: number): void;

  /** In place on x [rows, heads, headDim]: pairs i and i + headDim/2 rotate by the row's cos/sin [rows, headDim/2]. */
  rotary(x: number, rows: number, heads: number, headDim: number, cos: number, sin: number): void;

  /**
   * Writes keys and values [rows, kvHeads, headDim] of consecutive positions from `position` into the pages as float16
   * (round to nearest even; NaN and magnitudes over 65504 become 65504, so that pages are always finite), or as they are
   * with kvBits 32. With kvBits 8 (after the same limit) keys become their Hadamard transform, so
   * that single large ones do not starve the rest (hadamard.ts; `k` is changed); then per token and head, m = max|x|:
   * scale = m / 127, q = round-half-even(x · (127 / m)); both 0 where m < 2⁻¹⁰⁰. `pageTable` is uint32 [pages]: the offset of each page; `layerOffset` lies inside a page.
   */
  storeKv(
    k: number,
    v: number,
    rows: number,
    position: number,
    kvHeads: number,
    headDim: number,
    pageTable: number,
    layerOffset: number,
    kvBits?: KvBits,
  ): void;

  /**
   * Causal grouped-query attention of `rows` rotated queries [rows, heads, headDim] at positions `position …` over the
   * KV pages (which already hold these rows). scores = q·k · scale, then softCap · tanh(scores / softCap) if softCap > 0;
   * a row sees keys p with row − window < p ≤ row (window 0: all). headDim is a multiple of 16, heads of kvHeads. Keys
   * are visited in tiles of PAGE_TOKENS that begin at multiples of it, with a running maximum per row (Milakov and
   * Gimelshein 2018), so chunking never matters. With kvBits 8 a row and head's query is transformed as
   * keys are and becomes 16383 steps of its largest magnitude, and so do a tile's weights times the values' scales; both products with int8 are exact. out [rows, heads, headDim]; `scratch` as attentionScratchBytes says.
   */
  attention(
    q: number,
    rows: number,
    position: number,
    heads: number,
    kvHeads: number,
    headDim: number,
    scale: number,
    softCap: number,
    window: number,
    pageTable: number,
    layerOffset: number,
    scratch: number,
    out: number,
    kvBits?: KvBits,
  ): void;

  /**
   * Repacks rows firstOutput … of MatMulNBits 4-bit bytes [outputs, columns / 2] with their fp16 scales
   * [outputs, columns / 32] (finite; any sign) into a matrix of totalOutputs. firstOutput is a multiple of 4, and so is
   * `outputs` unless these are the last rows. rowScale = max|scale| / 16383 and block scale = round(scale / rowScale), so
   * a weight moves by at most 1/32766 of the row's largest scale for each unit of (nibble − 8).
   */
  repackQ4(
    bytes: number,
    scales: number,
    firstOutput: number,
    outputs: number,
    columns: number,
    totalOutputs: number,
    weights: number,
  ): void;
  /** The same for 8-bit bytes [outputs, columns] (offset 128) + fp16 scales, exactly. */
  repackQ8(bytes: number, scales: number, firstOutput: number, outputs: number, columns: number, weights: number): void;

  /** Index of the largest of `count` float32; the lowest index among equals. NaN counts as −∞. */
  argmax(x: number, count: number): number;
  /**
   * The `k` largest of `count` float32, best first, equals by lower index, NaN as −∞: indices uint32 [k], values
   * float32 [k]. Returns min(k, count).
   */
  topK(x: number, count: number, k: number, indices: number, values: number): number;
  /**
   * Per tile of 1,024 values: [max, Σ exp((x − max) · inverseTemperature)] float32 pairs, the sum in four lanes that are
   * added last. A tile of −∞ alone gives [−∞, 0].
   */
  tileSums(x: number, count: number, inverseTemperature: number, tiles: number): void;
}
