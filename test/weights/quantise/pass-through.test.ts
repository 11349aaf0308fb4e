import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { WeightsError } from "../../../weights/errors.ts";
import { halfValue } from "../../../weights/quantise/half.ts";
import { passThrough4, passThrough8 } from "../../../weights/quantise/pass-through.ts";
import { quantise4 } from "../../../weights/quantise/round.ts";
import { ShardEncoder } from "../../../weights/shard-encoder.ts";
import type { BlockType } from "../../../weights/sources/ggml-blocks/block-type.ts";
import { Q4_0 } from "../../../weights/sources/ggml-blocks/q4.ts";
import { Q8_0 } from "../../../weights/sources/ggml-blocks/q8.ts";
import { openGgufCheckpoint } from "../../../weights/sources/gguf-checkpoint.ts";
import { encodeGguf, GGML_TYPES } from "../sources/gguf-writer.ts";
import { tinyMetadata, tinyStoredTensors } from "../sources/tiny-gguf.ts";
import { temporaryFolder } from "../temporary-folder.ts";

/** Random blocks with finite scales, some negative, none with a value at the end of its range. */
function randomBlocks(type: BlockType, count: number): Uint8Array {
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

function dequantised(type: BlockType, blocks: Uint8Array): Float32Array {
  const values = new Float32Array((blocks.length / type.bytes) * type.values);
  type.dequantise(blocks, values);
  return values;
}

const values4 = (scales: Uint16Array, nibbles: Uint8Array) =>
  Float32Array.from(
    { length: nibbles.length * 2 },
    (_, i) => (((nibbles[i >> 1]! >> ((i & 1) * 4)) & 15) - 8) * halfValue(scales[i >> 5]!),
  );
const values8 = (scales: Uint16Array, bytes: Uint8Array) =>
  Float32Array.from(bytes, (byte, i) => (byte - 128) * halfValue(scales[i >> 5]!));

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

  it("Q8_0 keeps every value, -128 too", () => {
    const blocks = randomBlocks(Q8_0, 100);
    blocks[2] = 0x80;
    const scales = new Uint16Array(100);
    const bytes = new Uint8Array(100 * 32);
    passThrough8(blocks, scales, bytes);
    expect(bytes[0]).toBe(0);
    expect(values8(scales, bytes)).toEqual(dequantised(Q8_0, blocks));
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
