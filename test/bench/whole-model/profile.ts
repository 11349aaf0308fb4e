/**
 * Where the time of a whole model goes, kernel by kernel: tokens decoded after each context, and prompts.
 * `node test/bench/whole-model/profile.ts [--model FOLDER] [--engine-build simd128] [--context 128,4096] …`
 * Without --model the random Gemma 2B. Writes .lapidary/profile-MODEL-BUILD.json.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { MeasuredSequence } from "../peers/measured-sequence.ts";
import { BENCH_FOLDER, benchModelFolder } from "./bench-model.ts";
import { OneProcessSequence } from "./one-process-sequence.ts";
import { ENGINE_BUILDS, openBenchModel } from "./open-model.ts";
import { profileOf } from "./profile-table.ts";
import { TimedKernels } from "./timed-kernels.ts";

const { values: options } = parseArgs({
  options: {
    model: { type: "string" },
    "engine-build": { type: "string", default: "relaxed" },
    /** Tokens before those decoded. */
    context: { type: "string", default: "128,4096" },
    "decode-tokens": { type: "string", default: "16" },
    /** Prompt lengths, tokens. */
    prefill: { type: "string", default: "128,512" },
    "chunk-rows": { type: "string", default: "128" },
    repetitions: { type: "string", default: "5" },
  },
});

const build = ENGINE_BUILDS.find((name) => name === options["engine-build"]);
if (!build) throw new Error(`--engine-build: expected ${ENGINE_BUILDS.join(" or ")}, found ${options["engine-build"]}`);
const folder = options.model ?? (await benchModelFolder("2b"));
const contexts = counts("context", options.context);
const prefills = counts("prefill", options.prefill);
const [decodeTokens] = counts("decode-tokens", options["decode-tokens"]) as [number];
const [repetitions] = counts("repetitions", options.repetitions) as [number];
const [chunkRows] = counts("chunk-rows", options["chunk-rows"]) as [number];

const timed = new TimedKernels();
const model = await openBenchModel(folder, {
  build,
  kvTokens: Math.max(...prefills, ...contexts.map((tokens) => tokens + decodeTokens)),
  chunkRows,
  wrap: (kernels) => timed.wrap(kernels),
});
const whole = new OneProcessSequence(model);
const sequence = new MeasuredSequence(
  {
    // The last evaluation alone is kept: the one that is measured.
    evaluate(batches) {
      timed.begin();
      return whole.evaluate(batches);
    },
    truncate: (tokens) => whole.truncate(tokens),
  },
  model.manifest.architecture.vocabSize,
);

const profiles = [];
for (const tokens of prefills) profiles.push(await profile(`prefill of ${tokens}`, 1, () => sequence.prefill(tokens)));
for (const context of contexts)
  profiles.push(
    await profile(`decode at ${context}, a token`, decodeTokens, () => sequence.decode(decodeTokens, context)),
  );

const path = join(BENCH_FOLDER, "..", `profile-${model.manifest.name}-${build}.json`);
writeFileSync(path, `${JSON.stringify({ model: model.manifest.name, build, chunkRows, profiles }, null, 2)}\n`);
console.log(`written: ${path}`);

async function profile(what: string, tokens: number, run: () => Promise<number>) {
  await run();
  const traces = [];
  for (let repetition = 0; repetition < repetitions; repetition++) {
    await run();
    traces.push(timed.calls);
  }
  const found = profileOf(traces, tokens);
  const attention = found.kernels.find(({ kernel }) => kernel === "attention")!;
  console.log(`\n${what}: ${found.ms.toPrecision(4)} ms, attention ${percent(attention.share)}`);
  console.table(
    [...found.kernels, { kernel: "(executor)", calls: 0, ...found.executor }].map(({ kernel, calls, ms, share }) => ({
      ...{ kernel, calls },
      ms: Number(ms.toPrecision(4)),
      share: percent(share),
    })),
  );
  return { what, ...found };
}

function counts(option: string, text: string): number[] {
  const values = text.split(",").map(Number);
  if (values.some((value) => !Number.isInteger(value) || value < 1))
    throw new Error(`--${option}: expected whole numbers of at least 1, found ${text}`);
  return values;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
