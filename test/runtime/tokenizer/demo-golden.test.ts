import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { chatPrompt } from "../../../runtime/tokenizer/chat-template.ts";
import { Tokenizer } from "../../../runtime/tokenizer/tokenizer.ts";
import { readSentencePiece } from "../../../weights/sources/sentencepiece.ts";
import { encodeTokenizerFile } from "../../../weights/tokenizer-file.ts";
import { sharedMaterial } from "../../shared-material.ts";

const model = sharedMaterial("demo-model/tokenizer.model");
const lines = sharedMaterial("golden/tokens-demo.jsonl");
const answers = sharedMaterial("demo-model/expected.json");

describe.skipIf(!model || !lines || !answers)("the demo model's tokenizer", () => {
  const tokenizer = () => new Tokenizer(encodeTokenizerFile(readSentencePiece(readFileSync(model!))));

  it("gives SentencePiece's ids and text for every golden line", () => {
    const demo = tokenizer();
    const golden = readFileSync(lines!, "utf8").trim().split("\n");
    expect(golden.length).toBeGreaterThan(400);
    for (const line of golden) {
      const { text, ids, decoded } = JSON.parse(line) as { text: string; ids: number[]; decoded: string };
      expect(demo.encode(text, { special: true }), line).toEqual(ids);
      expect(demo.decode(ids), line).toBe(decoded);
    }
  });

  it("renders the prompts the demo model was checked with", () => {
    const demo = tokenizer();
    for (const { prompt, ids } of JSON.parse(readFileSync(answers!, "utf8")) as { prompt: string; ids: number[] }[])
      expect(chatPrompt(demo, 2, [{ role: "user", content: prompt }])).toEqual(ids);
  });
});
