import { describe, expect, test } from "vitest";
import { generate } from "../../runtime/generate.ts";
import { chatPrompt } from "../../runtime/tokenizer/chat-template.ts";
import { loadTokenizer } from "../../runtime/tokenizer/load.ts";
import { clearAnswers, expectationsThere } from "../end-to-end/demo-expectations.ts";
import { demoManifest, demoSource, openDemoModel } from "../runtime/demo-model.ts";

const GREEDY = { temperature: 0, topK: 0, topP: 1, minP: 0, seed: 0n };
const MAX_TOKENS = 64;

if (!expectationsThere) console.warn("skipped: ../shared/demo-model/expected.json is not there");

describe.skipIf(!expectationsThere)("the bundled 4-bit model answers like the unquantised one", async () => {
  const model = await openDemoModel();
  const tokenizer = await loadTokenizer(demoSource, demoManifest);
  const { bos, stop: stopIds } = demoManifest.specialTokens;
  for (const { prompt, ids, text } of clearAnswers())
    test(prompt, async () => {
      const promptIds = chatPrompt(tokenizer!, bos, [{ role: "user", content: prompt }]);
      expect(promptIds).toEqual(ids);
      const request = { promptIds, sampling: GREEDY, maxTokens: MAX_TOKENS, stopIds, stop: [] };
      let answer = "";
      for await (const event of generate(model.openSession(), tokenizer, request))
        if (event.type === "token") answer += event.text;
      expect(answer).toBe(text);
    });
});
