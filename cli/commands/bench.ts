import { Command } from "commander";
import type { LocalModel } from "../../runtime/local-model.ts";
import type { LocalPipeline } from "../../runtime/local-pipeline.ts";
import { CounterNoise } from "../../runtime/random.ts";
import type { Selection } from "../../runtime/sampling/selection.ts";
import { readManifest } from "../folder-source.ts";
import { addModelOptions, type ModelOptions, openModel } from "../model-options.ts";
import { integerArgument } from "../number-argument.ts";

interface BenchOptions extends ModelOptions {
  readonly promptTokens: number;
  readonly decodeTokens: number;
}

/** Enough for the engine's machine code to settle. */
const WARM_UP = { promptTokens: 64, decodeTokens: 8 };
const MAX_TOKENS = 1 << 20;
const GREEDY: Selection = { kind: "best", count: 1, inverseTemperature: 1, mass: false };

/** `lapidary bench FOLDER`: tokens a second and memory of the whole model in this process, one JSON line. */
export function benchCommand(): Command {
  const command = new Command("bench")
    .description("Measures prefill and decode speed and memory of one session in one process: a JSON line.")
    .argument("<folder>", "model folder")
    .option("--prompt-tokens <number>", "tokens to prefill", integerArgument(1, MAX_TOKENS), 256)
    .option("--decode-tokens <number>", "tokens to decode after them, one by one", integerArgument(1, MAX_TOKENS), 64);
  return addModelOptions(command).action(async (folder: string, options: BenchOptions) => {
    const manifest = await readManifest(folder);
    const { promptTokens, decodeTokens } = options;
    const { maxPositionEmbeddings } = manifest.architecture;
    const contextTokens = Math.max(promptTokens + decodeTokens, WARM_UP.promptTokens + WARM_UP.decodeTokens);
    if (promptTokens + decodeTokens > maxPositionEmbeddings)
      throw new Error(
        `${promptTokens} + ${decodeTokens} tokens were asked for, the context of ${manifest.name} is ${maxPositionEmbeddings}`,
      );
    const loadStartMs = performance.now();
    const model = await openModel(folder, manifest, options, Math.min(contextTokens, maxPositionEmbeddings));
    const loadMs = performance.now() - loadStartMs;
    await run(model, Math.min(WARM_UP.promptTokens, promptTokens), Math.min(WARM_UP.decodeTokens, decodeTokens));
    const { prefillMs, decodeMs } = await run(model, promptTokens, decodeTokens);
    const result = {
      model: manifest.name,
      engine: options.engine,
      activations: options.engine === "ort" ? 32 : Number(options.activations),
      loadMs: Math.round(loadMs),
      promptTokens,
      prefillTokensPerSecond: perSecond(promptTokens, prefillMs),
      decodeTokens,
      decodeTokensPerSecond: perSecond(decodeTokens, decodeMs),
      engineBytes: model.memoryBytes,
      processBytes: process.memoryUsage.rss(),
    };
    process.stdout.write(`${JSON.stringify(result)}\n`);
  });
}

const perSecond = (tokens: number, ms: number) => Number(((tokens / ms) * 1000).toFixed(2));

/** A session that prefills ids scattered over the vocabulary and goes on greedily; prefill includes the first token. */
async function run(model: LocalModel, promptTokens: number, decodeTokens: number) {
  const { vocabSize } = model.manifest.architecture;
  const noise = new CounterNoise(0n, 0);
  const prompt = Array.from({ length: promptTokens }, (_, i) => Math.floor(noise.uniform(i) * vocabSize));
  const session = model.openSession();
  try {
    const startMs = performance.now();
    let id = await nextId(session, prompt, 0);
    const decodeStartMs = performance.now();
    for (let i = 0; i < decodeTokens; i++) id = await nextId(session, [id], promptTokens + i);
    return { prefillMs: decodeStartMs - startMs, decodeMs: performance.now() - decodeStartMs };
  } finally {
    await session.close();
  }
}

/** The most probable id after `ids`: the best of the shards' best. */
async function nextId(session: LocalPipeline, ids: readonly number[], position: number): Promise<number> {
  const answers = await session.step(ids, position, GREEDY);
  const best = answers.reduce((a, b) => (b.logits[0]! > a.logits[0]! ? b : a));
  return best.ids[0]!;
}
