import { expect, test } from "vitest";
import { wholeModelRatios } from "./ratios.ts";
import type { PeerResult } from "./report.ts";

const result = (peer: string, prefill512: number, decode128: number, decode4096?: number): PeerResult => ({
  ...{ peer, version: "", detail: "", loadSeconds: 1, samplesMs: [] },
  prefillTokensPerSecond: { 512: prefill512 },
  decodeTokensPerSecond: { 128: decode128, ...(decode4096 && { 4096: decode4096 }) },
});

test("ours is compared with each peer measured, and with itself", () => {
  const ratios = wholeModelRatios({
    ...{ machine: {}, model: {}, skipped: {} },
    peers: [result("lapidary", 30, 12, 9), result("llama.cpp", 40, 10, 8), result("lapidary-simd128", 15, 9)],
  });
  expect(Object.fromEntries(ratios.map(({ name, value }) => [name, value]))).toEqual({
    "decode at 128 over llama.cpp": 1.2,
    "prefill of 512 over llama.cpp": 0.75,
    "decode at 4096 of decode at 128": 0.75,
    "SIMD128 of relaxed, decode at 128": 0.75,
    "SIMD128 of relaxed, prefill of 512": 0.5,
  });
});
