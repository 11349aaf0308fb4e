import { expect, test } from "vitest";
import { layerWidths, splitLayer } from "../../weights/layer-parts.ts";
import { GEMMA_2B, GEMMA_7B, GEMMA2_2B, GEMMA2_27B, GEMMA3_1B } from "./manifest-of.ts";

const MODELS = { GEMMA_2B, GEMMA_7B, GEMMA2_2B, GEMMA2_27B, GEMMA3_1B };

test.each(Object.entries(MODELS))(
  "%s: the parts of every width have each head and column once, in order",
  (_, model) => {
    for (const parts of layerWidths(model)) {
      let [head, column] = [0, 0];
      const group = model.numAttentionHeads / model.numKeyValueHeads;
      for (const part of splitLayer(model, parts)) {
        expect(part).toMatchObject({ firstHead: head, firstColumn: column });
        // Every query head finds its key head, and the kernels' groups are all of one size.
        expect(Math.floor(head / group)).toBe(part.firstKvHead);
        expect(Math.floor((head + part.heads - 1) / group)).toBe(part.firstKvHead + part.kvHeads - 1);
        expect(part.kvHeads === 1 || part.heads === part.kvHeads * group).toBe(true);
        head += part.heads;
        column += part.columns;
      }
      expect([head, column]).toEqual([model.numAttentionHeads, model.intermediateSize]);
    }
  },
);

test("cuts lie between activation segments, so a part's scales are the whole layer's", () => {
  for (const parts of splitLayer(GEMMA_7B, 3)) {
    expect((parts.firstHead * GEMMA_7B.headDim) % 128).toBe(0);
    expect(parts.firstColumn % 128).toBe(0);
  }
});

test("what cannot be split evenly is refused with the reason", () => {
  expect(() => splitLayer(GEMMA_2B, 9)).toThrow(/cannot be split into 9 parts: it has 8 heads/);
  expect(() => splitLayer(GEMMA2_2B, 6)).toThrow(/it has 4 heads of keys and values for 2 of queries each/);
  expect(() => splitLayer(GEMMA_7B, 17)).toThrow(/expected a whole number from 1 to 16/);
  expect(() => splitLayer({ ...GEMMA_7B, intermediateSize: 96 }, 4)).toThrow(/its feed-forward has 96 columns/);
  expect(layerWidths(GEMMA2_2B)).toEqual([1, 2, 3, 4, 8]);
});
