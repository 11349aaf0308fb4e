import { fixedAttention } from "./fixed-attention";
import { floatAttention } from "./float-attention";

/** Kernels.attention. */
export function attention(
  q: usize,
  rows: u32,
  position: u32,
  heads: u32,
  kvHeads: u32,
  headDim: u32,
  scale: f32,
  softCap: f32,
  window: u32,
  pageTable: usize,
  layerOffset: u32,
  scratch: usize,
  out: usize,
  kvBits: u32,
): void {
  if (kvBits === 8) {
    fixedAttention(
      q,
      rows,
      position,
      heads,
      kvHeads,
      headDim,
      scale,
      softCap,
      window,
      pageTable,
      layerOffset,
      scratch,
      out,
    );
  } else {
    floatAttention(
      q,
      rows,
      position,
      heads,
      kvHeads,
      headDim,
      scale,
      softCap,
      window,
      pageTable,
      layerOffset,
      scratch,
      out,
      kvBits === 32,
    );
  }
}
