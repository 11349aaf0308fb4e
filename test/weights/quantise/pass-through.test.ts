import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { WeightsError } from "../../../weights/errors.ts";
import { halfValue } from "../../../weights/quantise/half.ts";
import { passThrough4 } from "../../../weights/quantise/pass-through.ts";
import { quantise4, quantise8 } from "../../../weights/quantise/round.ts";
import { quantiseSteps8 } from "../../../weights/quantise/round-steps.ts";
import { ShardEncoder } from "../../../weights/shard-encoder.ts";
import { STEP_VALUES, type SteppedType } from "../../../weights/sources/ggml-blocks/block-type.ts";
import { Q3_K } from "../../../weights/sources/ggml-blocks/q3-k.ts";
import { Q4_0, Q4_1 } from "../../../weights/sources/ggml-blocks/q4.ts";
import { Q4_K } from "../../../weights/sources/ggml-blocks/q4-k.ts";
import { Q5_0, Q5_1 } from "../../../weights/sources/ggml-blocks/q5.ts";
import { Q5_K } from "../../../weights/sources/ggml-blocks/q5-k.ts";
import { Q6_K } from "../../../weights/sources/ggml-blocks/q6-k.ts";
import { Q8_0 } from "../../../weights/sources/ggml-blocks/q8.ts";
import { openGgufCheckpoint } from "../../../weights/sources/gguf-checkpoint.ts";
import { encodeGguf, GGML_TYPES } from "../sources/gguf-writer.ts";
import { tinyMetadata, tinyStoredTensors } from "../sources/tiny-gguf.ts";
import { temporaryFolder } from "../temporary-folder.ts";

/** Blocks by ggml; see ggml-blocks.test.ts. */
const samples: Record<keyof typeof GGML_TYPES, { blocks: string }> = JSON.parse(
  readFileSync(new URL("../sources/ggml-blocks.json", import.meta.url), "utf8"),
);

/** Random blocks with finite scales, some negative, none with a value at the end of its range. */
function randomBlocks(type: SteppedType, count: number): Uint8Array {
  let state = 99;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  };
  const blocks = Uint8Array.from({ length: count * type.bytes }, next);
  for (let at = 1; at < blocks.length; at += type.bytes)
    blocks[at] = (blocks[at]! & 0x80) | (0x20 + (blocks[at]! & 15));
  return blocks;
}

function dequantised(type: SteppedType, blocks: Uint8Array): Float32Array {
  const values = new Float32Array((blocks.length / type.bytes) * type.values);
  type.dequantise(blocks, values);
  // −0 becomes 0.
  return values.map((value) => value + 0);
}

/** Blocks → 8-bit scales and bytes. */
function inSteps(type: SteppedType, blocks: Uint8Array): [Uint16Array, Uint8Array] {
  const values = dequantised(type, blocks);
  const steps = new Float32Array(values.length / STEP_VALUES);
  type.steps(blocks, steps);
  const [scales, bytes] = [new Uint16Array(values.length / 32), new Uint8Array(values.length)];
  quantiseSteps8(values, steps, scales, bytes);
  return [scales, bytes];
}

const rms = (a: Float32Array, b: Float32Array) =>
  Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0) / a.length);

const values4 = (scales: Uint16Array, nibbles: Uint8Array) =>
  Float32Array.from(
    { length: nibbles.length * 2 },
    (_, i) => (((nibbles[i >> 1]! >> ((i & 1) * 4)) & 15) - 8) * halfValue(scales[i >> 5]!) + 0,
  );
const values8 = (scales: Uint16Array, bytes: Uint8Array) =>
  Float32Array.from(bytes, (byte, i) => (byte - 128) * halfValue(scales[i >> 5]!) + 0);

describe("ggml's blocks taken over by MatMulNBits", () => {
  it("Q4_0 keeps every value, where rounding a second time does not", () => {
    const blocks = randomBlocks(Q4_0, 200);
    // Values 5 and 9 alone: none at the end of the range, so that rounding would choose another scale.
    for (let at = 0; at < 20 * Q4_0.bytes; at++) if (at % Q4_0.bytes > 1) blocks[at] = at & 1 ? 0x59 : 0x95;
    const expected = dequantised(Q4_0, blocks);
    const scales = new Uint16Array(200);
    const nibbles = new Uint8Array(200 * 16);
    passThrough4(blocks, scales, nibbles);
    expect(values4(scales, nibbles)).toEqual(expected);
    quantise4(expected, scales, nibbles);
    expect(values4(scales, nibbles)).not.toEqual(expected);
  });

  it.each([
    ["Q4_0", Q4_0],
    ["Q5_0", Q5_0],
    ["Q8_0", Q8_0],
  ] as const)("%s in 8 bits keeps every value", (_, type) => {
    const blocks = randomBlocks(type, 100);
    // The range's far end, alone in a block of small values.
    blocks.fill(0, 2, type.bytes);
    blocks[2] = 0x80;
    const expected = dequantised(type, blocks);
    expect(values8(...inSteps(type, blocks))).toEqual(expected);
    const [scales, bytes] = [new Uint16Array(100), new Uint8Array(3200)];
    quantise8(expected, scales, bytes);
    expect(values8(scales, bytes)).not.toEqual(expected);
  });

  it.each([
    ["Q4_1", Q4_1],
    ["Q5_1", Q5_1],
    ["Q4_K", Q4_K],
    ["Q5_K", Q5_K],
    ["Q6_K", Q6_K],
    ["Q3_K", Q3_K],
  ] as const)("%s in 8 bits comes closer by its steps than by rounding", (name, type) => {
    const blocks = new Uint8Array(Buffer.from(samples[name].blocks, "base64"));
    const expected = dequantised(type, blocks);
    const count = expected.length;
    const [scales, bytes] = [new Uint16Array(count / 32), new Uint8Array(count)];
    quantise8(expected, scales, bytes);
    const rounded = rms(expected, values8(scales, bytes));
    expect(rms(expected, values8(...inSteps(type, blocks)))).toBeLessThan(rounded);
  });

  it.each([0x7c00, 0xfc00, 0x7e01])("a scale that is not finite (%i) is refused", (bits) => {
    const blocks = randomBlocks(Q4_0, 3);
    blocks[2 * Q4_0.bytes] = bits & 255;
    blocks[2 * Q4_0.bytes + 1] = bits >> 8;
    const pass = () => passThrough4(blocks, new Uint16Array(3), new Uint8Array(48));
    expect(pass).toThrow(WeightsError);
    expect(pass).toThrow(/block 2/);
  });

  it.each([
    ["Q5_0", "int8", Q5_0, values8, "blk.0.ffn_down.weight", "model.layers.0.mlp.down_proj.weight", [64, 96]],
    ["Q4_0", "int4", Q4_0, values4, "blk.0.ffn_down.weight", "model.layers.0.mlp.down_proj.weight", [64, 96]],
    ["Q8_0", "int8", Q8_0, values8, "token_embd.weight", "model.embed_tokens.weight", [1088, 64]],
  ] as const)("a shard of %s holds the file's values", async (name, encoding, type, values, stored, source, shape) => {
    const [rows, columns] = shape;
    const data = randomBlocks(type, (rows * columns) / 32);
    const tensors = tinyStoredTensors().map((tensor) =>
      tensor.name === stored ? { ...tensor, type: GGML_TYPES[name], data } : tensor,
    );
    const path = join(temporaryFolder(), "tiny.gguf");
    writeFileSync(path, encodeGguf({ metadata: tinyMetadata(), tensors }));
    const checkpoint = await openGgufCheckpoint(path);
    const [firstRow, count] = [32, 32];
    const dataBytes = (count * columns) / (encoding === "int4" ? 2 : 1);
    const scaleBytes = (count * columns) / 16;
    const contents = await new ShardEncoder(checkpoint.tensors, () => {}).encode({
      path: "x.bin",
      bytes: scaleBytes + dataBytes,
      pieces: [
        {
          encoding,
          source,
          sourceShape: shape,
          firstRow,
          rows: count,
          columns,
          scales: { file: "x.bin", offset: 0, bytes: scaleBytes },
          data: { file: "x.bin", offset: scaleBytes, bytes: dataBytes },
        },
      ],
    });
    await checkpoint.tensors.close();
    const bytes = contents.slice();
    const found = values(new Uint16Array(bytes.buffer, 0, scaleBytes / 2), bytes.subarray(scaleBytes));
    expect(found).toEqual(dequantised(type, data).subarray(firstRow * columns, (firstRow + count) * columns));
  });
});
