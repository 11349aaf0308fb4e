import { createInterface } from "node:readline/promises";
import { Command } from "commander";
import { type ChatMessage, streamChat } from "../chat-stream.ts";
import { integerArgument, numberArgument } from "../number-argument.ts";
import { findService, type Service } from "../service.ts";

interface ChatOptions {
  readonly url?: string;
  readonly key?: string;
  readonly model?: string;
  readonly system?: string;
  readonly temperature?: number;
  readonly topP?: number;
  readonly maxTokens?: number;
  readonly seed?: number;
}

/** `lapidary chat`: a conversation in the terminal, or one answer when the question is an argument. */
export function chatCommand(): Command {
  return new Command("chat")
    .description("talk with a served model; Ctrl-C stops an answer, Ctrl-D ends the conversation")
    .argument("[question...]", "ask this alone and end")
    .option("--url <url>", "address of the service (default: OPENAI_BASE_URL, else the local server)")
    .option("--key <key>", "API key (default: OPENAI_API_KEY with OPENAI_BASE_URL, else .lapidary/dev-key)")
    .option("--model <id>", "default: the first that the service lists")
    .option("--system <text>", "system message")
    .option("--temperature <t>", "0 … 2", numberArgument(0, 2))
    .option("--top-p <p>", "0 … 1", numberArgument(0, 1))
    .option("--max-tokens <n>", "of each answer", integerArgument(1, 1 << 20))
    .option("--seed <n>", "the same seed gives the same answer", integerArgument(0, Number.MAX_SAFE_INTEGER))
    .action(chat);
}

async function chat(words: string[], options: ChatOptions): Promise<void> {
  const service = await findService(options);
  const messages: ChatMessage[] = options.system ? [{ role: "system", content: options.system }] : [];
  if (words.length > 0) {
    messages.push({ role: "user", content: words.join(" ") });
    await answer(service, messages, options);
    return;
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr, prompt: "> " });
  process.stderr.write(`${service.model} at ${service.baseUrl}. Ctrl-C stops an answer, Ctrl-D ends.\n`);
  let stop: AbortController | undefined;
  let ended = false;
  terminal.once("close", () => {
    ended = true;
  });
  terminal.on("SIGINT", () => (stop ? stop.abort() : terminal.close()));
  terminal.prompt();
  for await (const line of terminal) {
    if (line.trim() !== "") {
      stop = new AbortController();
      messages.push({ role: "user", content: line });
      try {
        messages.push({ role: "assistant", content: await answer(service, messages, options, stop.signal) });
      } catch (error) {
        messages.pop();
        process.stderr.write(`${stop.signal.aborted ? "\n(stopped)" : (error as Error).message}\n`);
      }
      stop = undefined;
    }
    // Lines that were typed ahead of the end are still answered.
    if (!ended) terminal.prompt();
  }
}

/** Prints an answer as it comes, then its figures; resolves with its text. */
async function answer(
  { baseUrl, key, model }: Service,
  messages: readonly ChatMessage[],
  { temperature, topP, maxTokens, seed }: ChatOptions,
  signal = new AbortController().signal,
): Promise<string> {
  const fields = { temperature, top_p: topP, max_tokens: maxTokens, seed };
  const startMs = performance.now();
  let firstMs: number | undefined;
  let text = "";
  for await (const event of streamChat({ baseUrl, key, model, messages, fields, signal })) {
    if (event.type === "text") {
      firstMs ??= performance.now();
      text += event.text;
      process.stdout.write(event.text);
    } else {
      const seconds = (performance.now() - (firstMs ?? startMs)) / 1000;
      const speed = (event.completionTokens / Math.max(seconds, 0.001)).toFixed(1);
      const first = Math.round((firstMs ?? performance.now()) - startMs);
      process.stdout.write("\n");
      process.stderr.write(
        `(${event.promptTokens} + ${event.completionTokens} tokens, first after ${first} ms, ${speed} a second)\n`,
      );
    }
  }
  return text;
}
