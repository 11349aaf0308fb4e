/**
 * What a long prompt does to those who decode: a number of streams run, then the prompt arrives, and the times between
 * the streams' tokens before it are compared with those until its first token; and the processor time a step takes, which
 * a busy machine changes less. Prints percentiles and writes nothing.
 * `node test/load/fairness.ts [--streams 8] [--prompt 4000] [--rounds 3] [--model FOLDER] [--stages 3]`
 */
import { parseArgs } from "node:util";
import { readManifest } from "../../cli/folder-source.ts";
import { WorkerdProcesses } from "../bench/ring/workerd-processes.ts";
import { benchModelFolder } from "../bench/whole-model/bench-model.ts";
import { startLocalServer } from "../end-to-end/local-server.ts";
import { keyWithoutLimits } from "./key-without-limits.ts";
import { percentile } from "./percentile.ts";

const { values: options } = parseArgs({
  options: {
    streams: { type: "string", default: "8" },
    prompt: { type: "string", default: "4000" },
    rounds: { type: "string", default: "3" },
    /** Left out, a random one of the bundled model's shape with a long context. */
    model: { type: "string" },
    stages: { type: "string", default: "3" },
  },
});
/** Read from each stream before the prompt is sent; the first of them are left out. */
const [FIRST_TOKENS, TOKENS_BEFORE] = [20, 150];
const MAX_TOKENS = 3000;
const STREAM_PROMPT_TOKENS = 16;
const streams = Number(options.streams);
const promptTokens = Number(options.prompt);
const model = options.model ?? (await benchModelFolder("demo"));
const { name, architecture } = await readManifest(model);

await using server = await startLocalServer({
  model,
  vars: {
    LAPIDARY_STAGES: options.stages,
    LAPIDARY_KV_TOKENS: String(streams * (MAX_TOKENS + STREAM_PROMPT_TOKENS + 64) + promptTokens + 64),
  },
});
const key = await keyWithoutLimits(server.url);
const gapsMs = { before: [] as number[], beside: [] as number[] };
const stepCpuMs = { before: [] as number[], beside: [] as number[] };
const promptMs: number[] = [];
const workerd = new WorkerdProcesses();
// The first round loads and compiles.
for (let round = 0; round <= Number(options.rounds); round++) {
  const { before, beside, firstTokenMs } = await measure(round);
  if (round === 0) continue;
  gapsMs.before.push(...before.gapsMs);
  gapsMs.beside.push(...beside.gapsMs);
  stepCpuMs.before.push(before.stepCpuMs);
  stepCpuMs.beside.push(beside.stepCpuMs);
  promptMs.push(firstTokenMs);
}
const row = (gaps: readonly number[], cpuMs: readonly number[]) => ({
  ...Object.fromEntries([0.5, 0.95, 0.99].map((share) => [`p${100 * share}`, rounded(percentile(gaps, share))])),
  "CPU a step": rounded(percentile(cpuMs, 0.5)),
});
const rounded = (value: number) => Number(value.toPrecision(3));
console.table({
  "before, ms between tokens": row(gapsMs.before, stepCpuMs.before),
  "beside the prompt": row(gapsMs.beside, stepCpuMs.beside),
});
const growth = (by: (which: "before" | "beside") => number) => (by("beside") / by("before")).toFixed(2);
console.log(
  `p95 grows ${growth((which) => percentile(gapsMs[which], 0.95))} times,`,
  `the processor time of a step ${growth((which) => percentile(stepCpuMs[which], 0.5))} times;`,
  `first token of ${promptTokens} after ${Math.round(percentile(promptMs, 0.5))} ms`,
);

interface Moment {
  readonly ms: number;
  readonly cpuMs: number;
  /** Of all streams. */
  readonly tokens: number;
}

async function measure(round: number) {
  const leaving = new AbortController();
  const timesMs = Array.from({ length: streams }, () => [] as number[]);
  const untilEachHas = async (tokens: number) => {
    while (timesMs.some((times) => times.length < tokens)) await new Promise((resolve) => setTimeout(resolve, 1));
  };
  const counted = (): Moment => ({
    ms: performance.now(),
    cpuMs: workerd.cpuMs,
    tokens: timesMs.reduce((sum, times) => sum + times.length, 0),
  });
  const reading = timesMs.map(async (times, index) => {
    const prompt = someIds(1000 * round + index, STREAM_PROMPT_TOKENS);
    await readTokens(prompt, MAX_TOKENS, leaving.signal, () => times.push(performance.now()));
  });
  await untilEachHas(FIRST_TOKENS);
  const start = counted();
  await untilEachHas(TOKENS_BEFORE);
  const sent = counted();
  await readTokens(someIds(1000 * round + 999, promptTokens), 1, AbortSignal.timeout(600_000), () => {});
  const end = counted();
  leaving.abort();
  await Promise.allSettled(reading);
  const between = (from: Moment, to: Moment) => ({
    gapsMs: timesMs.flatMap((times) =>
      times.slice(1).flatMap((ms, index) => (times[index]! >= from.ms && ms <= to.ms ? [ms - times[index]!] : [])),
    ),
    stepCpuMs: ((to.cpuMs - from.cpuMs) * streams) / (to.tokens - from.tokens),
  });
  if (timesMs.some((times) => times.length >= MAX_TOKENS))
    throw new Error("a stream ended before the prompt was through");
  return { before: between(start, sent), beside: between(sent, end), firstTokenMs: end.ms - sent.ms };
}

/** Calls `token` for every token of a streamed answer; a random model has no text, so their scores are asked for. */
async function readTokens(prompt: readonly number[], maxTokens: number, signal: AbortSignal, token: () => void) {
  const response = await fetch(`${server.url}/v1/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model: name, prompt, max_tokens: maxTokens, stream: true, logprobs: 0, ignore_eos: true }),
    signal,
  });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  for await (const piece of response.body!.pipeThrough(new TextDecoderStream()))
    for (const _ of piece.matchAll(/"token_logprobs":\[-?[\d.]/g)) token();
}

/** Ids that are no special tokens, others for every seed. */
function someIds(seed: number, count: number): number[] {
  return Array.from(
    { length: count },
    (_, index) => 300 + ((index * 7919 + seed * 104_729) % (architecture.vocabSize - 300)),
  );
}
