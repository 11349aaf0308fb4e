import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { convert } from "../../../weights/convert.ts";
import { WeightsError } from "../../../weights/errors.ts";
import { openGgufCheckpoint } from "../../../weights/sources/gguf-checkpoint.ts";
import { folderContents } from "../folder-contents.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { writeCheckpoint } from "../tiny-checkpoint.ts";
import { encodeGguf, GGML_TYPES, type GgufParts, text } from "./gguf-writer.ts";
import { tinyGguf, tinyMetadata, tinyStoredTensors } from "./tiny-gguf.ts";

function write(parts: Partial<GgufParts> | Buffer): string {
  const path = join(temporaryFolder(), "tiny.gguf");
  const bytes = Buffer.isBuffer(parts)
    ? parts
    : encodeGguf({ metadata: tinyMetadata(), tensors: tinyStoredTensors(), ...parts });
  writeFileSync(path, bytes);
  return path;
}

test("a GGUF file of float32 becomes the same model folder as the Hugging Face folder it stands for", async () => {
  const folder = temporaryFolder();
  await convert({ checkpoint: writeCheckpoint(join(folder, "tiny")), target: join(folder, "of-folder") });
  await convert({ checkpoint: write({}), target: join(folder, "of-gguf") });
  expect(folderContents(join(folder, "of-gguf"))).toEqual(folderContents(join(folder, "of-folder")));
});

test("a converted GGUF file has its tokenizer, the table's rows that have a token, and both ends of an answer", async () => {
  const target = join(temporaryFolder(), "model");
  const manifest = await convert({ checkpoint: write(tinyGguf()), target });
  expect(manifest.name).toBe("tiny");
  expect(manifest.tokenizer).not.toBeNull();
  expect(manifest.architecture.vocabSize).toBe(272);
  expect(manifest.specialTokens).toEqual({ bos: 2, pad: 0, stop: [5, 1] });
  expect(manifest.chatTemplate).toBe("gemma");
  expect(manifest.licence.path).toBe("NOTICE");
});

test.each<[string, Partial<GgufParts>, RegExp]>([
  ["no table", { tensors: tinyStoredTensors().slice(1) }, /has no tensor token_embd\.weight/],
  [
    "a layer's tensor missing",
    { tensors: tinyStoredTensors().slice(0, -2) },
    /has no tensor for model\.layers\.1\.mlp\.down_proj/,
  ],
  [
    "a tensor of another shape",
    { tensors: tinyStoredTensors().map((tensor) => ({ ...tensor, shape: tensor.shape.toReversed() })) },
    /tensor blk\.0\.attn_k\.weight has shape \[64,32\], the metadata asks for \[32,64\]/,
  ],
  [
    "a tensor nobody knows",
    {
      tensors: [
        ...tinyStoredTensors(),
        { name: "rope_freqs.weight", shape: [8], type: GGML_TYPES.F32, data: new Uint8Array(32) },
      ],
    },
    /1 tensors that its configuration does not account for, the first is rope_freqs\.weight/,
  ],
  [
    "two names of one tensor",
    { tensors: [...tinyStoredTensors(), { ...tinyStoredTensors()[1]!, name: "blk.00.attn_norm.weight" }] },
    /are both model\.layers\.0\.input_layernorm\.weight/,
  ],
  [
    "another architecture",
    { metadata: [["general.architecture", text("gemma3n")]] },
    /general\.architecture is gemma3n/,
  ],
])("a GGUF file with %s is refused and leaves nothing behind", async (_, parts, message) => {
  const target = join(temporaryFolder(), "model");
  const error: unknown = await convert({ checkpoint: write(parts), target }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(WeightsError);
  expect((error as Error).message).toMatch(message);
  expect(() => folderContents(target)).toThrow();
});

test("rows are read from any place, as float32 and as stored", async () => {
  const stored = tinyStoredTensors();
  const values = new Float32Array(stored[0]!.data.slice().buffer);
  const { tensors } = await openGgufCheckpoint(write({}));
  const rows = new Float32Array(3 * 64);
  await tensors.readRows("model.embed_tokens.weight", 1000, rows);
  expect(rows).toEqual(values.subarray(64_000, 64_192));
  expect(tensors.stored("model.embed_tokens.weight")).toBeNull();
  await tensors.close();
});
