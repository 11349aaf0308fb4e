import { PAGE_TOKENS } from "./layout";
import { storeFixedKv } from "./store-fixed-kv";
import { halvesOf } from "./vector/half";

/** Kernels.storeKv. */
export function storeKv(
  k: usize,
  v: usize,
  rows: u32,
  position: u32,
  kvHeads: u32,
  headDim: u32,
  pageTable: usize,
  layerOffset: u32,
  kvBits: u32,
): void {
  if (kvBits === 8) {
    storeFixedKv(k, v, rows, position, kvHeads, headDim, pageTable, layerOffset);
    return;
  }
  const sourceBytes = headDim << 2;
  const tokenBytes = kvBits === 32 ? sourceBytes : headDim << 1;
  const valuesOffset = kvHeads * PAGE_TOKENS * tokenBytes;
  for (const end = position + rows; position < end; position++) {
    let keys: usize = load<u32>(pageTable + (position / PAGE_TOKENS) * 4) + layerOffset;
    keys += (position % PAGE_TOKENS) * tokenBytes;
    for (let head: u32 = 0; head < kvHeads; head++) {
      if (kvBits === 32) {
        memory.copy(keys, k, sourceBytes);
        memory.copy(keys + valuesOffset, v, sourceBytes);
      } else {
        storeHalves(k, keys, tokenBytes);
        storeHalves(v, keys + valuesOffset, tokenBytes);
      }
      keys += PAGE_TOKENS * tokenBytes;
      k += sourceBytes;
      v += sourceBytes;
    }
  }
}

function storeHalves(from: usize, to: usize, bytes: u32): void {
  for (const end = to + bytes; to < end; to += 16) {
    v128.store(to, i16x8.narrow_i32x4_u(halvesOf(v128.load(from)), halvesOf(v128.load(from, 16))));
    from += 32;
  }
}
