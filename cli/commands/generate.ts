import { Command } from "commander";
import { type GenerationRequest, generate } from "../../runtime/generate.ts";
import type { SamplingParameters } from "../../runtime/sampling/selection.ts";
import { chatPrompt } from "../../runtime/tokenizer/chat-template.ts";
import { loadTokenizer } from "../../runtime/tokenizer/load.ts";
import type { Tokenizer } from "../../runtime/tokenizer/tokenizer.ts";
import type { Manifest } from "../../weights/manifest.ts";
import { FolderSource, readManifest } from "../folder-source.ts";
import { addModelOptions, checkPrompt, type ModelOptions, openModel } from "../model-options.ts";
import { idsArgument, integerArgument, numberArgument, seedArgument } from "../number-argument.ts";

/** Tokens generated when --max-tokens is left out, or fewer where the context ends before. */
const DEFAULT_MAX_TOKENS = 128;
const MAX_TOP_K = 1 << 20;

interface GenerateOptions extends ModelOptions {
  readonly ids?: readonly number[];
  readonly prompt?: string;
  readonly chat?: string;
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly minP: number;
  readonly seed: bigint;
  readonly stop: readonly string[];
}

/** `lapidary generate FOLDER`: one generation in this process; a JSON line a token and one for the whole. */
export function generateCommand(): Command {
  const command = new Command("generate")
    .description("Generates text in one process, without Durable Objects: JSON lines on stdout, the whole in the last.")
    .argument("<folder>", "model folder")
    .option("--ids <ids>", "prompt as token ids, separated by commas (put bos first yourself)", idsArgument)
    .option("--prompt <text>", "prompt as text to go on with; bos is put first")
    .option("--chat <text>", "prompt as what a user says in a chat")
    .option("--max-tokens <number>", "tokens to generate at most", integerArgument(1, 1 << 20))
    .option("--temperature <number>", "0 is greedy (default: the model's)", numberArgument(0, 2))
    .option("--top-p <number>", "probability mass to draw from (default: the model's)", numberArgument(0, 1))
    .option("--top-k <number>", "tokens to draw from, 0 is all (default: the model's)", integerArgument(0, MAX_TOP_K))
    .option("--min-p <number>", "least probability relative to the best token's", numberArgument(0, 1), 0)
    .option("--seed <number>", "the same seed draws the same tokens", seedArgument, 0n)
    .option("--stop <text>", "text at which to end; may be repeated", (text, all: string[]) => [...all, text], []);
  return addModelOptions(command).action(run);
}

async function run(folder: string, options: GenerateOptions): Promise<void> {
  const manifest = await readManifest(folder);
  const tokenizer = await loadTokenizer(new FolderSource(folder), manifest);
  const request = describeRequest(options, manifest, tokenizer);
  const model = await openModel(folder, manifest, options, request.promptIds.length + request.maxTokens);
  const ids: number[] = [];
  let text = "";
  for await (const event of generate(model.openSession(), tokenizer, request)) {
    if (event.type === "token") {
      ids.push(...event.ids);
      text += event.text;
      print({ ids: event.ids, text: event.text });
    } else if (event.type === "done") {
      const { finish, promptTokens, completionTokens } = event;
      print({ text, ids, finish, promptTokens, completionTokens });
    }
  }
}

function describeRequest(options: GenerateOptions, manifest: Manifest, tokenizer: Tokenizer | null): GenerationRequest {
  const promptIds = renderPrompt(options, manifest, tokenizer);
  checkPrompt(promptIds, manifest);
  const context = manifest.architecture.maxPositionEmbeddings;
  const room = context - promptIds.length;
  if (room < 1 || (options.maxTokens ?? 0) > room)
    throw new Error(
      `the prompt has ${promptIds.length} tokens and the context ${context}: ${room} are left to generate, not ${options.maxTokens ?? 1}`,
    );
  if (options.stop.length > 0 && tokenizer === null)
    throw new Error(`--stop needs a tokenizer, and ${manifest.name} was converted without one`);
  return {
    promptIds,
    sampling: describeSampling(options, manifest),
    maxTokens: options.maxTokens ?? Math.min(DEFAULT_MAX_TOKENS, room),
    stopIds: manifest.specialTokens.stop,
    stop: options.stop,
  };
}

function describeSampling(options: GenerateOptions, { generationDefaults: defaults }: Manifest): SamplingParameters {
  return {
    temperature: options.temperature ?? defaults.temperature,
    topP: options.topP ?? defaults.topP,
    topK: options.topK ?? defaults.topK,
    minP: options.minP,
    seed: options.seed,
  };
}

function renderPrompt(
  { ids, prompt, chat }: GenerateOptions,
  manifest: Manifest,
  tokenizer: Tokenizer | null,
): readonly number[] {
  if ([ids, prompt, chat].filter((given) => given !== undefined).length !== 1)
    throw new Error("give the prompt once: --ids, --prompt or --chat");
  if (ids !== undefined) return ids;
  if (tokenizer === null)
    throw new Error(`${manifest.name} was converted without a tokenizer; give the prompt as --ids`);
  const { bos } = manifest.specialTokens;
  if (prompt !== undefined) return [bos, ...tokenizer.encode(prompt)];
  if (manifest.chatTemplate === null)
    throw new Error(`${manifest.name} is a base model, not tuned for chats; use --prompt`);
  return chatPrompt(tokenizer, bos, [{ role: "user", content: chat! }]);
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
