import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Tokenizer } from "../../../runtime/tokenizer/tokenizer.ts";
import { openGgufCheckpoint } from "../../../weights/sources/gguf-checkpoint.ts";
import { readTokenizerJson } from "../../../weights/sources/tokenizer-json.ts";
import { encodeTokenizerFile, type TokenizerData } from "../../../weights/tokenizer-file.ts";
import { gemma3Gguf, gemma3TokenizerJson } from "../../golden/gemma3-files.ts";
import { sharedMaterial } from "../../shared-material.ts";

const lines = sharedMaterial("golden/tokens-gemma3.jsonl");
const json = gemma3TokenizerJson();
const gguf = gemma3Gguf();

/** Reading takes a second or two, so each source is read once. */
const once = <T>(read: () => Promise<T>): (() => Promise<T>) => {
  let result: Promise<T> | undefined;
  return () => (result ??= read());
};

const sources: [string, string | null, () => Promise<TokenizerData>][] = [
  ["tokenizer.json", json, once(async () => readTokenizerJson(readFileSync(json!)))],
  [
    "the GGUF file",
    gguf,
    once(async () => {
      const { tokenizer, tensors } = await openGgufCheckpoint(gguf!);
      await tensors.close();
      return tokenizer!;
    }),
  ],
];

for (const [name, path, read] of sources)
  test.skipIf(!path || !lines)(`Gemma 3's tokenizer from ${name} gives the golden ids of every line`, async () => {
    const tokenizer = new Tokenizer(encodeTokenizerFile(await read()));
    const golden = readFileSync(lines!, "utf8").trim().split("\n");
    expect(golden.length).toBe(468);
    for (const line of golden) {
      const { text, ids } = JSON.parse(line) as { text: string; ids: number[] };
      expect(tokenizer.encode(text, { special: true }), line).toEqual(ids);
    }
    expect(tokenizer.encode("<start_of_turn>")).not.toContain(tokenizer.id("<start_of_turn>"));
  });

test.skipIf(!json || !gguf)("both sources have the same pieces in the same order of merging", async () => {
  const [ofJson, ofGguf] = [await sources[0]![2](), await sources[1]![2]()];
  expect(ofJson.texts.slice(0, 262_144)).toEqual(ofGguf.texts);
  const normal = [...ofGguf.texts.keys()].filter((id) => ofGguf.kinds[id] === 0 && [...ofGguf.texts[id]!].length > 1);
  const order = ({ ranks }: TokenizerData) => normal.toSorted((a, b) => ranks[a]! - ranks[b]!);
  expect(order(ofJson)).toEqual(order(ofGguf));
});
