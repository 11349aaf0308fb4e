import { createInterface } from "node:readline";
import { Readable } from "node:stream";

export interface ChatMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

export interface ChatCall {
  /** Up to and with /v1. */
  readonly baseUrl: string;
  readonly key: string;
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  /** Sampling fields of the API. */
  readonly fields: object;
  readonly signal: AbortSignal;
}

export type ChatEvent =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "usage"; readonly promptTokens: number; readonly completionTokens: number };

interface Chunk {
  readonly error?: { readonly message: string };
  readonly choices?: readonly { readonly delta: { readonly content?: string } }[];
  readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number } | null;
}

/** Streams one answer of any OpenAI-compatible service; rejects with the service's own words. */
export async function* streamChat({
  baseUrl,
  key,
  model,
  messages,
  fields,
  signal,
}: ChatCall): AsyncGenerator<ChatEvent> {
  const response = await fetch(`${baseUrl}/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model, messages, ...fields, stream: true, stream_options: { include_usage: true } }),
    signal,
  });
  if (!response.ok || !response.body) {
    const answer = (await response.json().catch(() => ({}))) as Chunk;
    throw new Error(answer.error?.message ?? `${baseUrl} answered ${response.status}`);
  }
  for await (const line of createInterface({ input: Readable.fromWeb(response.body as never), signal })) {
    if (!line.startsWith("data: ")) continue;
    const data = line.slice("data: ".length);
    if (data === "[DONE]") return;
    const { error, choices, usage } = JSON.parse(data) as Chunk;
    if (error) throw new Error(error.message);
    const text = choices?.[0]?.delta.content;
    if (text) yield { type: "text", text };
    if (usage) yield { type: "usage", promptTokens: usage.prompt_tokens, completionTokens: usage.completion_tokens };
  }
  signal.throwIfAborted();
  throw new Error("The answer broke off.");
}
