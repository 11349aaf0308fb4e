import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { GgufFile } from "../../../weights/sources/gguf-file.ts";
import { gemma3Gguf } from "../../golden/gemma3-files.ts";

const path = gemma3Gguf();

/** SHA-256 of the float32 values that llama.cpp's Python package (gguf 0.19) gives. */
const expected = [
  ["blk.0.attn_k.weight", "Q5_0", "e9148680cf79c2265aa182d501323da97bf5f038a92e860172e2f071e5f1ae24"],
  ["blk.0.attn_k_norm.weight", "F32", "d75befbd301eef64a4fb0b3318e9ce6b1a807fc7b91dec0bdc97984756c070e5"],
  ["blk.0.attn_output.weight", "Q4_K", "84421b360695121d4fa8c5b47aa4b9729eb814b9608b4856a3af07a1736cf47f"],
  ["blk.0.attn_v.weight", "Q8_0", "7f2d145de2fbde18074eb84ca7f5b6d2c44308ed933e8f8520a0bbb4c663d11e"],
  ["blk.0.ffn_down.weight", "Q6_K", "b718ca6bf05ad89435100bb9da1f6a6300a627c3396bc3bdb91809ca7dcdb4d8"],
] as const;

test.skipIf(!path).each(expected)(
  "%s of the real file, stored as %s, has ggml's values",
  async (name, type, sha256) => {
    const file = await GgufFile.open(path!);
    const tensor = file.tensors.get(name)!;
    expect(tensor.type.name).toBe(type);
    const rows = tensor.shape.length > 1 ? tensor.shape[0]! : 1;
    const chunkRows = 501;
    const hash = createHash("sha256");
    for (let row = 0; row < rows; row += chunkRows) {
      const values = new Float32Array(Math.min(chunkRows, rows - row) * tensor.columns);
      await file.readRows(tensor, row, values);
      hash.update(new Uint8Array(values.buffer));
    }
    await file.close();
    expect(hash.digest("hex")).toBe(sha256);
  },
);
