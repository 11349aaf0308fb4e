import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { deployedModel, type Model } from "../../../functions/model.ts";
import { chatPromptIds, plainPromptIds } from "../../../functions/routes/prompt.ts";

const messages = [{ role: "user", content: "Hi" }] as const;

/** The bundled model as it would be had it never been tuned for turns. */
async function baseModel(): Promise<Model> {
  const model = await deployedModel(env);
  return { ...model, manifest: { ...model.manifest, chatTemplate: null } };
}

test("a chat with a base model is a 400 that names the route to use", async () => {
  const model = await baseModel();
  expect(() => chatPromptIds(model, messages)).toThrow(/base model.*\/v1\/completions/);
  expect(plainPromptIds(model, "Hi")[0]).toBe(model.manifest.specialTokens.bos);
});

test("a model without a tokenizer takes token ids only", async () => {
  const model: Model = { ...(await deployedModel(env)), tokenizer: null };
  expect(() => chatPromptIds(model, messages)).toThrow(/without a tokenizer/);
  expect(() => plainPromptIds(model, "Hi")).toThrow(/token ids/);
  expect(plainPromptIds(model, [2, 5])).toEqual([2, 5]);
});
