import { expect, test } from "vitest";
import type { LayerBits } from "../../../weights/families/layer-bits.ts";
import { type LayerMatrix, layerMatrices } from "../../../weights/families/shapes.ts";
import type { Architecture } from "../../../weights/manifest.ts";
import { type BitsGain, chooseBits } from "../../../weights/quantise/mixed.ts";

const architecture = {
  family: "gemma3_text",
  hiddenSize: 640,
  intermediateSize: 2048,
  numHiddenLayers: 4,
  numAttentionHeads: 4,
  numKeyValueHeads: 1,
  headDim: 256,
} as Architecture;
const shapes = layerMatrices(architecture);
const matrices = Object.keys(shapes) as LayerMatrix[];

function bitsPerWeight(bits: readonly LayerBits[]): number {
  let weights = 0;
  let sum = 0;
  for (const layer of bits)
    for (const matrix of matrices) {
      const count = shapes[matrix].outputs * shapes[matrix].columns;
      weights += count;
      sum += count * (layer[matrix] + 0.5);
    }
  return sum / weights;
}

/** The same gain for every weight of a matrix, by its kind. */
const gains = (perWeight: Partial<Record<LayerMatrix, number>>): BitsGain[] =>
  [0, 1, 2, 3].flatMap((layer) =>
    matrices.map((matrix) => ({
      layer,
      matrix,
      gain: (perWeight[matrix] ?? 0) * shapes[matrix].outputs * shapes[matrix].columns,
    })),
  );

test("what gains most a weight gets 8 bits, and the mean stays within what was asked for", () => {
  const bits = chooseBits(architecture, 5.7, gains({ v_proj: 3, k_proj: 2, down_proj: 1, q_proj: 0.5 }));
  for (const layer of bits) expect(layer).toMatchObject({ k_proj: 8, v_proj: 8, down_proj: 8, q_proj: 4, up_proj: 4 });
  expect(bitsPerWeight(bits)).toBeCloseTo(5.676, 3);
});

test("what is left over goes to smaller matrices", () => {
  const bits = chooseBits(architecture, 4.8, gains({ down_proj: 3, k_proj: 1 }));
  expect(bits.map(({ down_proj }) => down_proj)).toEqual([8, 4, 4, 4]);
  expect(bits.map(({ k_proj }) => k_proj)).toContain(8);
  expect(bitsPerWeight(bits)).toBeLessThanOrEqual(4.8);
});

test("the ends: nothing gets 8 bits, or everything", () => {
  expect(bitsPerWeight(chooseBits(architecture, 4.5, gains({ v_proj: 1 })))).toBe(4.5);
  expect(bitsPerWeight(chooseBits(architecture, 8.5, gains({ v_proj: 1 })))).toBe(8.5);
});
