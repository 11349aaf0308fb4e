import { PAGE_TOKENS } from "../layout.ts";
import { halfOf } from "./half.ts";
import type { MemoryViews } from "./memory-views.ts";

/** Kernels.storeKv. */
export function storeKv(
  { u16, u32, f32 }: MemoryViews,
  k: number,
  v: number,
  rows: number,
  position: number,
  kvHeads: number,
  headDim: number,
  pageTable: number,
  layerOffset: number,
  kvBits = 16,
): void {
  const write =
    kvBits === 32
      ? (index: number, x: number) => {
          f32[index] = x;
        }
      : (index: number, x: number) => {
          u16[index] = halfOf(x);
        };
  for (let row = 0; row < rows; row++) {
    const page = u32[pageTable / 4 + Math.floor((position + row) / PAGE_TOKENS)]! + layerOffset;
    const token = (position + row) % PAGE_TOKENS;
    for (let head = 0; head < kvHeads; head++) {
      const keys = page / (kvBits / 8) + (head * PAGE_TOKENS + token) * headDim;
      const values = keys + kvHeads * PAGE_TOKENS * headDim;
      const source = (row * kvHeads + head) * headDim;
      for (let i = 0; i < headDim; i++) {
        write(keys + i, f32[k / 4 + source + i]!);
        write(values + i, f32[v / 4 + source + i]!);
      }
    }
  }
}
