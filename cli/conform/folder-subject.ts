import { generate } from "../../runtime/generate.ts";
import type { LocalModel } from "../../runtime/local-model.ts";
import { logSumExp } from "../../runtime/sampling/log-sum-exp.ts";
import { chatPrompt } from "../../runtime/tokenizer/chat-template.ts";
import { loadTokenizer } from "../../runtime/tokenizer/load.ts";
import type { Tokenizer } from "../../runtime/tokenizer/tokenizer.ts";
import { FolderSource, readManifest } from "../folder-source.ts";
import { checkPrompt, type ModelOptions, openModel } from "../model-options.ts";
import type { Expectation, ExpectationOf } from "./expectations.ts";
import { CannotAsk, MOST_ANSWER_TOKENS, type ScoredIds, type Subject } from "./subject.ts";

const GREEDY = { temperature: 0, topK: 0, topP: 1, minP: 0, seed: 0n };

/** A model folder, run in this process. */
export class FolderSubject implements Subject {
  readonly #model: LocalModel;
  readonly #tokenizer: Tokenizer | null;

  private constructor(model: LocalModel, tokenizer: Tokenizer | null) {
    this.#model = model;
    this.#tokenizer = tokenizer;
  }

  /** Loads the folder with room for the longest of the sequences expected. */
  static async open(folder: string, options: ModelOptions, expectations: readonly Expectation[]) {
    const manifest = await readManifest(folder);
    const tokens = Math.min(manifest.architecture.maxPositionEmbeddings, Math.max(...expectations.map(tokensOf)));
    const model = await openModel(folder, manifest, options, tokens);
    return new FolderSubject(model, await loadTokenizer(new FolderSource(folder), manifest));
  }

  get name(): string {
    return this.#model.manifest.name;
  }

  async score(ids: readonly number[]): Promise<ScoredIds> {
    checkPrompt(ids, this.#model.manifest);
    const { vocabSize } = this.#model.manifest.architecture;
    const logprobs: number[] = [];
    const best: number[] = [];
    for await (const rows of this.#model.logits(ids))
      for (let start = 0; start < rows.length && logprobs.length + 1 < ids.length; start += vocabSize) {
        const logits = rows.subarray(start, start + vocabSize);
        const total = logSumExp(logits);
        best.push(logits.reduce((a, b) => Math.max(a, b)) - total);
        logprobs.push(logits[ids[logprobs.length + 1]!]! - total);
      }
    return { logprobs, best };
  }

  async wrongTokens({ text, ids }: ExpectationOf<"tokens">): Promise<string | null> {
    return difference(ids, this.#needTokenizer().encode(text));
  }

  async wrongPrompt({ messages, ids }: ExpectationOf<"template">): Promise<string | null> {
    return difference(ids, this.#prompt(messages));
  }

  async answer(messages: ExpectationOf<"answer">["messages"]): Promise<string> {
    const { specialTokens, architecture } = this.#model.manifest;
    const promptIds = this.#prompt(messages);
    let text = "";
    for await (const event of generate(this.#model.openSession(), this.#tokenizer, {
      promptIds,
      sampling: GREEDY,
      maxTokens: Math.min(MOST_ANSWER_TOKENS, architecture.maxPositionEmbeddings - promptIds.length),
      stopIds: specialTokens.stop,
      stop: [],
    }))
      if (event.type === "token") text += event.text;
    return text;
  }

  #prompt(messages: ExpectationOf<"template">["messages"]): number[] {
    const { chatTemplate, specialTokens } = this.#model.manifest;
    if (chatTemplate === null) throw new CannotAsk("a base model has no chat template");
    return chatPrompt(this.#needTokenizer(), specialTokens.bos, messages);
  }

  #needTokenizer(): Tokenizer {
    if (this.#tokenizer === null) throw new CannotAsk("the folder has no tokenizer");
    return this.#tokenizer;
  }
}

function tokensOf(expectation: Expectation): number {
  switch (expectation.check) {
    case "score":
      return expectation.ids.length;
    case "greedy":
      return expectation.ids.length + expectation.tokens.length;
    case "answer":
      // Bytes of UTF-8 and a turn's markers are the most ids a message becomes.
      return (
        MOST_ANSWER_TOKENS +
        expectation.messages.reduce((sum, { content }) => sum + Buffer.byteLength(content) + 16, 16)
      );
    default:
      return 1;
  }
}

function difference(expected: readonly number[], found: readonly number[]): string | null {
  const at = expected.findIndex((id, index) => id !== found[index]);
  if (at < 0 && expected.length === found.length) return null;
  const place = at < 0 ? expected.length : at;
  return (
    `expected ${expected.length} ids, found ${found.length}; at ${place} expected ` +
    `${expected[place] ?? "none"}, found ${found[place] ?? "none"}`
  );
}
