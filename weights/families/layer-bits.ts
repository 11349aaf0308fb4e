import type { WeightBits } from "../onnx/graph-builder.ts";
import type { LayerMatrix } from "./shapes.ts";

/** Bits of a weight in each matrix of a layer. */
export type LayerBits = Readonly<Record<LayerMatrix, WeightBits>>;

/** The same bits in all of them. */
export const evenBits = (bits: WeightBits): LayerBits => ({
  q_proj: bits,
  k_proj: bits,
  v_proj: bits,
  o_proj: bits,
  gate_proj: bits,
  up_proj: bits,
  down_proj: bits,
});
