export interface MixedRequest {
  readonly path: "/v1/chat/completions" | "/v1/completions";
  readonly stream: boolean;
  readonly body: Readonly<Record<string, unknown>>;
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
export function mixedRequests(model: string, count: number): MixedRequest[] {
  return Array.from({ length: count }, (_, index): MixedRequest => {
    const stream = index % 3 !== 0;
    const fields = {
      model,
      ...SAMPLINGS[index % SAMPLINGS.length],
      seed: index,
      max_tokens: 8 + ((index * 13) % 60),
      ...(index % 7 === 0 && { stop: ["\n\n", " the"] }),
      ...(stream && { stream, stream_options: { include_usage: true } }),
    };
    const prompt = PROMPTS[index % PROMPTS.length];
    if (index % 2 === 0) return { path: "/v1/completions", stream, body: { ...fields, prompt } };
    const messages = [{ role: "user", content: QUESTIONS[index % QUESTIONS.length] }];
    return { path: "/v1/chat/completions", stream, body: { ...fields, messages } };
  });
}
