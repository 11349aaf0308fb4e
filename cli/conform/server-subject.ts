import { z } from "zod";
import type { Service } from "../service.ts";
import type { ExpectationOf } from "./expectations.ts";
import { CannotAsk, MOST_ANSWER_TOKENS, type ScoredIds, type Subject } from "./subject.ts";

/** Every Gemma's <bos>, which servers put before a prompt that is text. */
const BOS = 2;
/** Servers that do not compute in a fixed order give the same prompt slightly different numbers. */
const SAME_LOGPROB = 0.2;
/** Tokens of the answers by which a chat's prompt is recognised. */
const RECOGNISED_TOKENS = 8;
const TIME_LIMIT_MS = 300_000;
/** A minute's limits are free again by then. */
const LONGEST_WAIT_SECONDS = 65;
const MOST_WAITS = 5;
/** What says that the request, not the moment, is the reason. */
const REFUSALS = [400, 404, 405, 422, 501];

const completionSchema = z.object({
  choices: z
    .array(
      z.object({
        text: z.string(),
        logprobs: z
          .object({
            tokens: z.array(z.string()),
            token_logprobs: z.array(z.number().nullable()),
            top_logprobs: z.array(z.record(z.string(), z.number()).nullable()),
          })
          .nullish(),
      }),
    )
    .min(1),
});

const chatSchema = z.object({
  choices: z.array(z.object({ message: z.object({ content: z.string().nullable() }) })).min(1),
  usage: z.object({ prompt_tokens: z.int() }),
});

const errorSchema = z.object({ error: z.object({ message: z.string() }) });

type Messages = ExpectationOf<"answer">["messages"];

interface ScoredPrompt extends ScoredIds {
  readonly names: readonly string[];
}

/** A model behind an OpenAI-compatible API. Prompts are scored by completions that echo them. */
export class ServerSubject implements Subject {
  readonly #service: Service;

  constructor(service: Service) {
    this.#service = service;
  }

  get name(): string {
    return this.#service.model;
  }

  async score(ids: readonly number[]): Promise<ScoredIds> {
    const { logprobs, best } = await this.#score(ids);
    if (logprobs.length < ids.length - 1)
      throw new CannotAsk(`${ids.length} ids were echoed as ${logprobs.length + 1} tokens`);
    // The last token was made, not asked about.
    return { logprobs: logprobs.slice(0, ids.length - 1), best: best.slice(0, ids.length - 1) };
  }

  /** A text's tokens are the expected ones where both score alike. */
  async wrongTokens({ text, ids }: ExpectationOf<"tokens">): Promise<string | null> {
    const expected = await this.#score([BOS, ...ids]);
    const found = await this.#score(text);
    const at = expected.names.findIndex(
      (name, index) =>
        name !== found.names[index] ||
        Math.abs((expected.logprobs[index - 1] ?? 0) - (found.logprobs[index - 1] ?? 0)) > SAME_LOGPROB,
    );
    if (at < 0 && expected.names.length === found.names.length) return null;
    const name = (names: readonly string[]) => JSON.stringify(names[at < 0 ? expected.names.length : at] ?? null);
    return (
      `expected <bos> and ${ids.length} tokens, found ${found.names.length - 1} in all; ` +
      `the first that differs is ${name(found.names)}, expected ${name(expected.names)}`
    );
  }

  /** A chat's prompt is the expected one where it has as many tokens and the same greedy answer. */
  async wrongPrompt({ messages, ids }: ExpectationOf<"template">): Promise<string | null> {
    const chat = await this.#chat(messages, RECOGNISED_TOKENS);
    if (chat.promptTokens !== ids.length) return `expected ${ids.length} prompt tokens, found ${chat.promptTokens}`;
    const { choices } = await this.#post("completions", completionSchema, {
      prompt: ids,
      max_tokens: RECOGNISED_TOKENS,
      temperature: 0,
    });
    const { text } = choices[0]!;
    return text === chat.text
      ? null
      : `the expected ids are answered ${JSON.stringify(text)}, the chat ${JSON.stringify(chat.text)}`;
  }

  async answer(messages: Messages): Promise<string> {
    return (await this.#chat(messages, MOST_ANSWER_TOKENS)).text;
  }

  async #chat(messages: Messages, maxTokens: number) {
    const reply = await this.#post("chat/completions", chatSchema, {
      messages,
      max_tokens: maxTokens,
      temperature: 0,
    });
    return { text: reply.choices[0]!.message.content ?? "", promptTokens: reply.usage.prompt_tokens };
  }

  /** With a generated token at the end: not every server scores a prompt without one. */
  async #score(prompt: string | readonly number[]): Promise<ScoredPrompt> {
    const { choices } = await this.#post("completions", completionSchema, {
      prompt,
      max_tokens: 1,
      temperature: 0,
      echo: true,
      logprobs: 1,
    });
    const { logprobs } = choices[0]!;
    if (!logprobs) throw new CannotAsk("completions with echo and logprobs come without log-probabilities");
    const { tokens, token_logprobs, top_logprobs } = logprobs;
    return {
      names: tokens.slice(0, -1),
      logprobs: token_logprobs.slice(1).map((value) => value ?? Number.NEGATIVE_INFINITY),
      best: top_logprobs.slice(1).map((top) => Math.max(...Object.values(top ?? {}))),
    };
  }

  /** Waits where the service asks for it; CannotAsk when it refuses the request as such. */
  async #post<T>(path: string, schema: z.ZodType<T>, body: object): Promise<T> {
    const { baseUrl, model } = this.#service;
    const { status, text } = await this.#send(`${baseUrl}/${path}`, JSON.stringify({ model, ...body }));
    const reply = jsonOf(text);
    if (status !== 200) {
      const said = `/${path}: ${status} ${errorSchema.safeParse(reply).data?.error.message ?? text.slice(0, 200)}`;
      throw REFUSALS.includes(status) ? new CannotAsk(said) : new Error(`${baseUrl}${said}`);
    }
    const parsed = schema.safeParse(reply);
    if (!parsed.success)
      throw new CannotAsk(`/${path}: not the reply of an OpenAI-compatible server: ${z.prettifyError(parsed.error)}`);
    return parsed.data;
  }

  async #send(url: string, body: string): Promise<{ status: number; text: string }> {
    for (let waits = 0; ; waits++) {
      const response = await fetch(url, {
        method: "POST",
        headers: { authorization: `Bearer ${this.#service.key}`, "content-type": "application/json" },
        body,
        signal: AbortSignal.timeout(TIME_LIMIT_MS),
      }).catch((cause) => {
        throw new Error(`${url} does not answer`, { cause });
      });
      const text = await response.text();
      const waitSeconds = Number(response.headers.get("retry-after") ?? Number.NaN);
      if (response.status !== 429 || waits === MOST_WAITS || !(waitSeconds <= LONGEST_WAIT_SECONDS))
        return { status: response.status, text };
      await new Promise((resolve) => setTimeout(resolve, waitSeconds * 1000));
    }
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
