import { expect, test } from "vitest";
import { MODEL, newCaller } from "./caller.ts";

interface Body {
  choices: { text: string; finish_reason: string }[];
  usage: { completion_tokens: number };
}

async function complete(fields: object): Promise<Body["choices"][0] & { tokens: number }> {
  const caller = await newCaller();
  const body = { model: MODEL, prompt: [2, 624, 431, 370], temperature: 0, max_tokens: 8, ...fields };
  const { choices, usage } = await (await caller.post("/v1/completions", body)).json<Body>();
  return { ...choices[0]!, tokens: usage.completion_tokens };
}

/** Above everything the model may want. */
const only = (id: number) => ({ logit_bias: { [id]: 100 } });

test("a bias makes the model say what it would not", async () => {
  const { text, tokens } = await complete({ ...only(700), max_tokens: 3 });
  expect(tokens).toBe(3);
  expect(text).toBe((await complete({ ...only(700), max_tokens: 1 })).text.repeat(3));
});

test.each([{ frequency_penalty: 2 }, { presence_penalty: 2 }, { repetition_penalty: 1.8 }])(
  "%j changes what is repeated",
  async (penalty) => {
    const repetitive = { prompt: "One two one two one two one two", max_tokens: 24 };
    const plain = await complete(repetitive);
    expect((await complete({ ...repetitive, ...penalty })).text).not.toBe(plain.text);
  },
);

test("a stop token ends the answer and has no text", async () => {
  expect(await complete({ ...only(700), stop_token_ids: [700] })).toEqual(
    expect.objectContaining({ text: "", finish_reason: "stop", tokens: 1 }),
  );
});

test("min_tokens keeps stop tokens away until then", async () => {
  const { tokens, finish_reason } = await complete({ ...only(700), stop_token_ids: [700], min_tokens: 5 });
  expect({ tokens, finish_reason }).toEqual({ tokens: 6, finish_reason: "stop" });
});

test("ignore_eos goes on behind the model's own end, which has no text", async () => {
  const eos = only(1);
  expect(await complete(eos)).toMatchObject({ tokens: 1, finish_reason: "stop" });
  expect(await complete({ ...eos, ignore_eos: true })).toMatchObject({ text: "", tokens: 8, finish_reason: "length" });
});

test("echo puts the prompt in front", async () => {
  const plain = await complete({ prompt: "Once upon a time" });
  expect(await complete({ prompt: "Once upon a time", echo: true })).toMatchObject({
    text: `Once upon a time${plain.text}`,
  });
});
