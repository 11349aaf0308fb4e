import { describe, expect, test } from "vitest";
import { MODEL, newCaller, question } from "./caller.ts";
import { eventData } from "./server-sent-events.ts";

const CHAT = "/v1/chat/completions";
const COMPLETIONS = "/v1/completions";

interface NamedToken {
  token: string;
  logprob: number;
  bytes: number[] | null;
}
interface ChatChoice {
  index: number;
  message: { content: string };
  delta: { content?: string };
  logprobs: { content: (NamedToken & { top_logprobs: NamedToken[] })[]; refusal: null } | null;
}
interface CompletionChoice {
  index: number;
  text: string;
  finish_reason: string;
  logprobs: {
    tokens: string[];
    token_logprobs: (number | null)[];
    top_logprobs: (Record<string, number> | null)[];
    text_offset: number[];
  };
}
interface Body<Choice> {
  choices: Choice[];
  usage: { prompt_tokens: number; completion_tokens: number };
}

/** Checks what holds for every list of a completion's tokens. */
function expectConsistent({ text, logprobs }: CompletionChoice) {
  const { tokens, token_logprobs, top_logprobs, text_offset } = logprobs;
  expect([token_logprobs.length, top_logprobs.length, text_offset.length]).toEqual(Array(3).fill(tokens.length));
  for (const [index, token] of tokens.entries()) {
    // What an evaluation harness compares: the best has the very bits of the token that is the best.
    const top = top_logprobs[index]!;
    if (top === null) continue;
    expect(top[token]).toBe(token_logprobs[index]);
    expect(Math.max(...Object.values(top))).toBeGreaterThanOrEqual(token_logprobs[index]!);
    if (!token.startsWith("bytes:") && !token.startsWith("<"))
      expect(text.slice(text_offset[index], text_offset[index]! + token.length)).toBe(token);
  }
}

describe("a chat's log-probabilities", () => {
  test("belong to its content, token by token", async () => {
    const caller = await newCaller();
    const response = await caller.post(CHAT, question("What is 7 + 8?", { logprobs: true, top_logprobs: 3 }));
    const { choices } = await response.json<Body<ChatChoice>>();
    const { message, logprobs } = choices[0]!;
    expect(logprobs!.refusal).toBeNull();
    expect(logprobs!.content.map(({ token }) => token).join("")).toBe(message.content);
    for (const { token, logprob, bytes, top_logprobs } of logprobs!.content) {
      expect(new TextDecoder().decode(Uint8Array.from(bytes!))).toBe(token);
      expect(top_logprobs).toHaveLength(3);
      expect(top_logprobs[0]).toEqual({ token, logprob, bytes });
      expect(new Set(top_logprobs.map((other) => other.token)).size).toBe(3);
    }
  });

  test("come in a stream with the tokens they belong to", async () => {
    const caller = await newCaller();
    const fields = { logprobs: true, top_logprobs: 2, temperature: 1, seed: 8, max_tokens: 12 };
    const { choices } = await (await caller.post(CHAT, question("Tell me a story.", fields))).json<Body<ChatChoice>>();
    const data = eventData(
      await (await caller.post(CHAT, question("Tell me a story.", { ...fields, stream: true }))).text(),
    );
    const chunks = data.slice(0, -1).map((json) => JSON.parse(json) as Body<ChatChoice>);
    expect(chunks.flatMap((chunk) => chunk.choices[0]!.logprobs?.content ?? [])).toEqual(choices[0]!.logprobs!.content);
    expect(chunks.map((chunk) => chunk.choices[0]!.delta.content ?? "").join("")).toBe(choices[0]!.message.content);
  });

  test("are there without alternatives when none are asked for, and null when not asked for", async () => {
    const caller = await newCaller();
    const ask = async (fields: object) =>
      (await (await caller.post(CHAT, question("Hi", { max_tokens: 2, ...fields }))).json<Body<ChatChoice>>())
        .choices[0]!;
    expect((await ask({ logprobs: true })).logprobs!.content[0]!.top_logprobs).toEqual([]);
    expect((await ask({ logprobs: false, top_logprobs: 0 })).logprobs).toBeNull();
  });
});

describe("a completion's log-probabilities", () => {
  const ask = async (fields: object) => {
    const caller = await newCaller();
    const response = await caller.post(COMPLETIONS, { model: MODEL, temperature: 0, max_tokens: 6, ...fields });
    return (await response.json<Body<CompletionChoice>>()).choices[0]!;
  };

  test("are lists of one length, with offsets into the text", async () => {
    const choice = await ask({ prompt: "The capital of", logprobs: 2, temperature: 1, seed: 5, ignore_eos: true });
    expect(choice.logprobs.tokens).toHaveLength(6);
    expectConsistent(choice);
  });

  test("of an echoed prompt begin with null, and score each token after those before it", async () => {
    const whole = await ask({ prompt: "The capital of Peru is", logprobs: 3, echo: true });
    expect(whole.text.startsWith("The capital of Peru is")).toBe(true);
    expect(whole.logprobs.token_logprobs[0]).toBeNull();
    expect(whole.logprobs.top_logprobs[0]).toBeNull();
    expect(whole.logprobs.token_logprobs.slice(1)).not.toContain(null);
    expectConsistent(whole);

    // A harness slices off its own tokens and the one that it let be generated: what is left must not depend on that.
    const scored = await ask({ prompt: "The capital of Peru is", logprobs: 3, echo: true, max_tokens: 0 });
    expect(scored.text).toBe("The capital of Peru is");
    expect(scored.finish_reason).toBe("length");
    const length = scored.logprobs.tokens.length;
    expect(whole.logprobs.tokens.slice(0, length)).toEqual(scored.logprobs.tokens);
    expect(whole.logprobs.token_logprobs.slice(0, length)).toEqual(scored.logprobs.token_logprobs);
    expect(whole.logprobs.top_logprobs.slice(0, length)).toEqual(scored.logprobs.top_logprobs);
  });

  test("are the same for an answer as for the same tokens in a prompt", async () => {
    const caller = await newCaller();
    const post = async (fields: object) => {
      const response = await caller.post(COMPLETIONS, { model: MODEL, temperature: 0, logprobs: 1, ...fields });
      return await response.json<Body<CompletionChoice>>();
    };
    const prompt = [2, 624, 431, 370];
    const answer = [700, 701, 702, 703];
    // A bias so strong that nothing else can be drawn, which raw log-probabilities must not show.
    const biased = { logit_bias: Object.fromEntries(answer.map((id, rank) => [id, 100 - 2 * rank])) };
    const drawn = await post({ prompt, max_tokens: 4, ...biased, frequency_penalty: 2 });
    const scored = await post({ prompt: [...prompt, ...answer], echo: true, max_tokens: 0 });
    const drawnLogprobs = drawn.choices[0]!.logprobs;
    const scoredLogprobs = scored.choices[0]!.logprobs;
    const common = drawnLogprobs.tokens.findIndex((token, index) => token !== scoredLogprobs.tokens[4 + index]);
    const count = common < 0 ? 4 : common + 1;
    expect(count).toBeGreaterThan(1);
    expect(drawnLogprobs.token_logprobs.slice(0, count - 1)).toEqual(
      scoredLogprobs.token_logprobs.slice(4, 4 + count - 1),
    );
  });

  test("hold every token that was generated, the end token too", async () => {
    const caller = await newCaller();
    const body = { model: MODEL, prompt: "Hi", temperature: 0, max_tokens: 3, logprobs: 1, stop_token_ids: [700] };
    const response = await caller.post(COMPLETIONS, { ...body, logit_bias: { 700: 100 } });
    const { choices, usage } = await response.json<Body<CompletionChoice>>();
    expect(choices[0]!).toMatchObject({ text: "", finish_reason: "stop" });
    expect(choices[0]!.logprobs.tokens).toHaveLength(1);
    expect(usage.completion_tokens).toBe(1);
  });
});
