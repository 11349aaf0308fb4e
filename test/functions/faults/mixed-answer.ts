import { expect } from "vitest";
import { type Caller, MODEL, question } from "../gateway/caller.ts";
import { chunksOf } from "../gateway/server-sent-events.ts";

interface MixedRequest {
  readonly path: "/v1/chat/completions" | "/v1/completions";
  readonly body: Readonly<Record<string, unknown>>;
}

/** Everything of an answer that must not depend on what else happens. */
export interface MixedAnswer {
  readonly text: string;
  readonly finish: string | null | undefined;
  readonly usage: unknown;
}

const LONG = "Once upon a time there was a small house in the forest, and an old bear lived in it. ".repeat(4);
const PROMPTS = ["The capital of Peru is", LONG, [2], "One, two, three,", "x"];
const QUESTIONS = ["What is the capital of Peru?", "What is 7 + 8?", "Tell me a story about a red ball."];
const SAMPLINGS = [
  { temperature: 0 },
  { temperature: 1, top_p: 1, top_k: 0 },
  { temperature: 0.8, top_p: 0.95, top_k: 0 },
  { temperature: 1.2, top_p: 1, top_k: 40 },
  { temperature: 1.5, top_p: 0.999, top_k: 0, min_p: 0.01 },
  { temperature: 2, top_p: 1, top_k: 0 },
];

/** `count` requests of every kind: short and long, greedy and hot, streamed and whole, chats and completions. */
export function mixedRequests(count: number): MixedRequest[] {
  return Array.from({ length: count }, (_, index): MixedRequest => {
    const stream = index % 3 !== 0;
    const fields = {
      ...SAMPLINGS[index % SAMPLINGS.length],
      seed: index,
      max_tokens: 8 + ((index * 13) % 60),
      ...(index % 7 === 0 && { stop: ["\n\n", " the"] }),
      ...(stream && { stream, stream_options: { include_usage: true } }),
    };
    const prompt = PROMPTS[index % PROMPTS.length];
    return index % 2 === 0
      ? { path: "/v1/completions", body: { model: MODEL, prompt, ...fields } }
      : { path: "/v1/chat/completions", body: question(QUESTIONS[index % QUESTIONS.length]!, fields) };
  });
}

/** Asks until there is room, as clients do that are told to try again; anything else that is no whole answer throws. */
export async function answerTo(caller: Caller, { path, body }: MixedRequest): Promise<MixedAnswer> {
  for (;;) {
    const response = await caller.post(path, body);
    if (response.status === 503 && response.headers.has("retry-after")) {
      await response.body?.cancel();
      continue;
    }
    if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
    return body.stream ? await streamed(response) : await whole(response);
  }
}

async function streamed(response: Response): Promise<MixedAnswer> {
  const chunks = await chunksOf(response);
  const choices = chunks.flatMap((chunk) => chunk.choices);
  const text = choices.map((choice) => choice.text ?? choice.delta.content ?? "").join("");
  return { text, finish: choices.at(-1)?.finish_reason, usage: chunks.at(-1)?.usage };
}

interface Whole {
  readonly choices: readonly { text?: string; message?: { content: string }; finish_reason: string }[];
  readonly usage: unknown;
}

async function whole(response: Response): Promise<MixedAnswer> {
  const { choices, usage } = await response.json<Whole>();
  const [choice] = choices;
  expect(choice).toBeDefined();
  return { text: choice!.text ?? choice!.message!.content, finish: choice!.finish_reason, usage };
}
