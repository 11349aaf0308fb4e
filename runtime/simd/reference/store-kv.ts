import type { KvBits } from "../../engine.ts";
import { PAGE_TOKENS } from "../layout.ts";
import { storeFixedKv } from "./fixed-kv.ts";
import { halfOf } from "./half.ts";
import type { MemoryViews } from "./memory-views.ts";

/** Kernels.storeKv. */
export function storeKv(
  views: MemoryViews,
  k: number,
  v: number,
  rows: number,
  position: number,
  kvHeads: number,
  headDim: number,
  pageTable: number,
  layerOffset: number,
  kvBits: KvBits = 16,
): void {
  const { u16, u32, f32 } = views;
  for (let row = 0; row < rows; row++) {
    const page = u32[pageTable / 4 + Math.floor((position + row) / PAGE_TOKENS)]! + layerOffset;
    const token = (position + row) % PAGE_TOKENS;
    for (let head = 0; head < kvHeads; head++) {
      const source = (row * kvHeads + head) * headDim;
      const key = f32.subarray(k / 4 + source, k / 4 + source + headDim);
      const value = f32.subarray(v / 4 + source, v / 4 + source + headDim);
      if (kvBits === 8) {
        storeFixedKv(views, key, value, page, kvHeads, head, token);
        continue;
      }
      const at = page / (kvBits / 8) + (head * PAGE_TOKENS + token) * headDim;
      const pages = kvBits === 32 ? f32 : u16;
      pages.set(kvBits === 32 ? key : key.map(halfOf), at);
      pages.set(kvBits === 32 ? value : value.map(halfOf), at + kvHeads * PAGE_TOKENS * headDim);
    }
  }
}
