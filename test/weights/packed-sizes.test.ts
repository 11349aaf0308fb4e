import { expect, test } from "vitest";
import * as layout from "../../runtime/simd/layout.ts";
import {
  activationRowBytes,
  attentionScratchBytes,
  kvCacheBytes,
  packed4Bytes,
  packed8Bytes,
} from "../../weights/packed-sizes.ts";

const shapes = [
  { outputs: 1, columns: 32 },
  { outputs: 7, columns: 96 },
  { outputs: 384, columns: 640 },
  { outputs: 16_384, columns: 2048 },
];

test.each(shapes)("the plan counts the bytes the engine lays out for $outputs × $columns", ({ outputs, columns }) => {
  expect(packed4Bytes({ outputs, columns })).toBe(layout.q4Bytes(outputs, columns));
  expect(packed8Bytes({ outputs, columns })).toBe(layout.q8Bytes(outputs, columns));
  expect(activationRowBytes(columns)).toBe(layout.activationRowBytes(columns, 8));
});

test.each([1, 32, 33, 8192])("the plan counts whole KV pages for %d tokens", (tokens) => {
  const pages = Math.ceil(tokens / layout.PAGE_TOKENS);
  for (const kvBits of [8, 16, 32] as const) {
    expect(attentionScratchBytes(8, 256, kvBits)).toBe(layout.attentionScratchBytes(8, 256, kvBits));
    expect(kvCacheBytes(4, 64, tokens, kvBits)).toBe(pages * layout.kvLayerBytes(4, 64, kvBits));
  }
});
