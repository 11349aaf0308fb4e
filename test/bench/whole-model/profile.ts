/**
 * Where the time of a whole model goes, kernel by kernel: tokens decoded after each context, and prompts.
 * `node test/bench/whole-model/profile.ts [--model FOLDER | --layers 2] [--engine-build simd128] [--context 128,4096] …`
 * Without --model a random Gemma 2B. Writes .lapidary/profile-MODEL-BUILD.json.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { KvBits } from "../../../runtime/engine.ts";
import { median } from "../peers/interleave.ts";
import { MeasuredSequence } from "../peers/measured-sequence.ts";
import { BENCH_FOLDER, benchModelFolder } from "./bench-model.ts";
import { OneProcessSequence } from "./one-process-sequence.ts";
import { ENGINE_BUILDS, openBenchModel } from "./open-model.ts";
import { profileOf } from "./profile-table.ts";
import { TimedKernels } from "./timed-kernels.ts";

const { values: options } = parseArgs({
  options: {
    model: { type: "string" },
    /** Without a model: a random one of this shape, and of so many layers. */
    shape: { type: "string", default: "2b" },
    layers: { type: "string" },
    "engine-build": { type: "string", default: "relaxed" },
    /** Tokens before those decoded. */
    context: { type: "string", default: "128,4096" },
    "decode-tokens": { type: "string", default: "16" },
    /** Prompt lengths, tokens. */
    prefill: { type: "string", default: "128,512" },
    "chunk-rows": { type: "string", default: "128" },
    /** Of a number in the KV cache. */
    "kv-bits": { type: "string" },
    repetitions: { type: "string", default: "5" },
    clock: { type: "string", default: "wall" },
  },
});

const build = ENGINE_BUILDS.find((name) => name === options["engine-build"]);
if (!build) throw new Error(`--engine-build: expected ${ENGINE_BUILDS.join(" or ")}, found ${options["engine-build"]}`);
const KV_BITS: readonly KvBits[] = [8, 16, 32];
const kvBits = KV_BITS.find((bits) => String(bits) === options["kv-bits"]);
if (options["kv-bits"] && !kvBits)
  throw new Error(`--kv-bits: expected one of ${KV_BITS.join(", ")}, found ${options["kv-bits"]}`);
const [layers] = options.layers === undefined ? [] : counts("layers", options.layers);
const folder = options.model ?? (await benchModelFolder(options.shape, layers));
const contexts = counts("context", options.context);
const prefills = counts("prefill", options.prefill);
const [decodeTokens] = counts("decode-tokens", options["decode-tokens"]) as [number];
const [repetitions] = counts("repetitions", options.repetitions) as [number];
const [chunkRows] = counts("chunk-rows", options["chunk-rows"]) as [number];

/**
 * The clock's times count with their median, so that what the machine does beside falls out. On a machine that is never
 * quiet `--clock cpu` takes this thread's processor time instead: Linux counts it in steps of some milliseconds, which is
 * right on average alone, over many calls.
 */
const CLOCKS = {
  wall: { now: () => performance.now(), typical: median },
  cpu: { now: threadCpuMs, typical: mean },
} as const;
const clock = CLOCKS[options.clock as keyof typeof CLOCKS];
if (!clock) throw new Error(`--clock: expected ${Object.keys(CLOCKS).join(" or ")}, found ${options.clock}`);

const timed = new TimedKernels(clock.now);
const model = await openBenchModel(folder, {
  build,
  kvTokens: Math.max(...prefills, ...contexts.map((tokens) => tokens + decodeTokens)),
  chunkRows,
  kvBits,
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
writeFileSync(
  path,
  `${JSON.stringify({ model: model.manifest.name, build, clock: options.clock, kvBits, chunkRows, profiles }, null, 2)}\n`,
);
console.log(`written: ${path}`);

async function profile(what: string, tokens: number, run: () => Promise<number>) {
  await run();
  const traces = [];
  for (let repetition = 0; repetition < repetitions; repetition++) {
    await run();
    traces.push(timed.calls);
  }
  const found = profileOf(traces, tokens, clock.typical);
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

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
