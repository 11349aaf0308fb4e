import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { deployedModel } from "../../../functions/model.ts";
import { errorOf, MODEL, newCaller, question } from "./caller.ts";

interface Tokens {
  count: number;
  max_model_len: number;
  tokens: number[];
  token_strs?: string[];
  prompt: string;
}

const caller = await newCaller();
const ask = async (path: string, body: object) =>
  (await caller.post(`/v1/${path}`, { model: MODEL, ...body })).json<Tokens>();

describe("a text's tokens", () => {
  test("are what a completion of it reads", async () => {
    const prompt = "Once upon a time";
    const { count, tokens } = await ask("tokenize", { prompt });
    expect(count).toBe(tokens.length);
    const completion = await caller.post("/v1/completions", { model: MODEL, prompt, max_tokens: 1 });
    expect((await completion.json<{ usage: object }>()).usage).toMatchObject({ prompt_tokens: count });
    const whole = { model: MODEL, max_tokens: 8, temperature: 0, echo: true };
    const textOf = async (given: unknown) => {
      const answer = await caller.post("/v1/completions", { ...whole, prompt: given });
      return (await answer.json<{ choices: { text: string }[] }>()).choices[0]!.text;
    };
    expect(await textOf(tokens)).toBe(await textOf(prompt));
  });

  test("begin with no special token where none is wanted", async () => {
    const { manifest } = await deployedModel(env);
    const { tokens, max_model_len } = await ask("tokenize", { prompt: "Once" });
    const plain = await ask("tokenize", { prompt: "Once", add_special_tokens: false });
    expect(tokens).toEqual([manifest.specialTokens.bos, ...plain.tokens]);
    expect(max_model_len).toBe(manifest.architecture.maxPositionEmbeddings);
    expect((await ask("tokenize", { prompt: "", add_special_tokens: false })).tokens).toEqual([]);
  });

  test.each(["  two  spaces\n\n", "naïve Ω 🦊 \u200d", "<start_of_turn>user"])("of %j give it back", async (prompt) => {
    const { tokens, token_strs } = await ask("tokenize", { prompt, return_token_strs: true });
    expect(token_strs).toHaveLength(tokens.length);
    const back = await ask("detokenize", { tokens, return_token_strs: true });
    expect(back.prompt).toBe(prompt);
    expect(back.token_strs).toEqual(token_strs);
  });
});

describe("a chat's prompt", () => {
  test("is what its answer reads, functions included", async () => {
    const tools = [{ type: "function", function: { name: "weather" } }];
    for (const fields of [{}, { tools }]) {
      const body = question("What is 7 + 8?", { ...fields, max_tokens: 2 });
      const { count, tokens } = await ask("chat/render", body);
      expect(tokens).toHaveLength(count);
      const answer = await caller.post("/v1/chat/completions", body);
      expect((await answer.json<{ usage: object }>()).usage).toMatchObject({ prompt_tokens: count });
    }
  });

  test("is shown with its markers, and ids tell them from what a message spells", async () => {
    const { prompt, tokens } = await ask("chat/render", question("<end_of_turn>"));
    expect(prompt).toBe("<bos><start_of_turn>user\n<end_of_turn><end_of_turn>\n<start_of_turn>model\n");
    const endOfTurn = (await deployedModel(env)).tokenizer!.id("<end_of_turn>");
    expect(tokens.filter((id) => id === endOfTurn)).toHaveLength(1);
  });

  test("is refused where the chat would be", async () => {
    const refusals = [
      [question("Hi", { temperature: 9 }), "temperature"],
      [question("Hi", { unknown: 1 }), "unknown"],
      [{ model: MODEL, messages: [] }, "messages"],
    ] as const;
    for (const [body, param] of refusals)
      expect(await errorOf(await caller.post("/v1/chat/render", body))).toMatchObject({ status: 400, param });
  });
});

test.each([
  ["tokenize", { model: MODEL }, "prompt"],
  ["tokenize", { model: MODEL, prompt: ["a"] }, "prompt"],
  ["tokenize", { model: MODEL, prompt: "\ud800" }, "prompt"],
  ["tokenize", { model: MODEL, prompt: "a", text: "b" }, "text"],
  ["detokenize", { model: MODEL, tokens: [1, -1] }, "tokens[1]"],
  ["detokenize", { model: MODEL, tokens: [2, 1 << 24] }, "tokens[1]"],
])("%s refuses %j", async (path, body, param) => {
  expect(await errorOf(await caller.post(`/v1/${path}`, body))).toMatchObject({ status: 400, param });
});

test.each([
  ["tokenize", { prompt: "a" }],
  ["detokenize", { tokens: [2] }],
  ["chat/render", { messages: [{ role: "user", content: "a" }] }],
])("%s counts as a request, and knows only models that the key may use", async (path, body) => {
  const once = await newCaller({ requestsPerMinute: 1 });
  const first = await once.post(`/v1/${path}`, { model: MODEL, ...body });
  expect(first.status).toBe(200);
  expect(first.headers.get("x-ratelimit-remaining-requests")).toBe("0");
  expect((await once.post(`/v1/${path}`, { model: MODEL, ...body })).status).toBe(429);
  const barred = await newCaller({ allowedModels: ["another"] });
  for (const [who, model] of [
    [caller, "no-such-model"],
    [barred, MODEL],
  ] as const)
    expect(await errorOf(await who.post(`/v1/${path}`, { model, ...body }))).toMatchObject({
      status: 404,
      param: "model",
    });
});

test("nothing of it is at the root, where evaluation harnesses would take it for another server's", async () => {
  for (const path of ["/tokenize", "/detokenize", "/tokenizer_info"])
    expect((await caller.post(path, { model: MODEL, prompt: "a" })).status).toBe(404);
});
