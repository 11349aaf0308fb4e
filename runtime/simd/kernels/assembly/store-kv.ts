import { PAGE_TOKENS } from "./layout";
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
): void {
  const tokenBytes = headDim << 1;
  const valuesOffset = kvHeads * PAGE_TOKENS * tokenBytes;
  for (const end = position + rows; position < end; position++) {
    let keys: usize = load<u32>(pageTable + (position / PAGE_TOKENS) * 4) + layerOffset;
    keys += (position % PAGE_TOKENS) * tokenBytes;
    for (let head: u32 = 0; head < kvHeads; head++) {
      storeHalves(k, keys, tokenBytes);
      storeHalves(v, keys + valuesOffset, tokenBytes);
      keys += PAGE_TOKENS * tokenBytes;
      k += tokenBytes << 1;
      v += tokenBytes << 1;
    }
  }
}

function storeHalves(from: usize, to: usize, bytes: u32): void {
  for (const end = to + bytes; to < end; to += 16) {
    v128.store(to, i16x8.narrow_i32x4_u(halvesOf(v128.load(from)), halvesOf(v128.load(from, 16))));
    from += 32;
  }
}
