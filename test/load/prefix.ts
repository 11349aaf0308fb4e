/**
 * How much sooner the first token comes when a prompt begins like one before: every round makes up a beginning, asks a
 * question after it, then another, and then that other again without what was kept. Prints medians and writes nothing;
 * fails when an answer differs.
 * `node test/load/prefix.ts --model FOLDER [--beginning 1000] [--question 20] [--rounds 7] [--stages 3]`
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readManifest } from "../../cli/folder-source.ts";
import { startLocalServer } from "../end-to-end/local-server.ts";
import { keyWithoutLimits } from "./key-without-limits.ts";
import { percentile } from "./percentile.ts";

const { values: options } = parseArgs({
  options: {
    model: { type: "string", default: join(import.meta.dirname, "../../weights/demo/model") },
    /** Tokens that prompts have in common, and those after them. */
    beginning: { type: "string", default: "1000" },
    question: { type: "string", default: "20" },
    rounds: { type: "string", default: "7" },
    stages: { type: "string", default: "3" },
  },
});
const ANSWER_TOKENS = 16;
const beginningTokens = Number(options.beginning);
const questionTokens = Number(options.question);
const rounds = Number(options.rounds);
/** A last page in part; with windows, as much again as the question, or 64 tokens. */
const leastReused = beginningTokens - Math.max(64, questionTokens + 32);
const { name, architecture } = await readManifest(options.model);

interface Answer {
  readonly firstMs: number;
  /** As the conductor measured it. */
  readonly prefillMs: number;
  readonly text: string;
  readonly cachedTokens: number;
}

await using server = await startLocalServer({
  model: options.model,
  vars: { LAPIDARY_STAGES: options.stages, LAPIDARY_KV_TOKENS: "8192" },
});
const key = await keyWithoutLimits(server.url);
const samples = { alone: [] as Answer[], reused: [] as Answer[] };
// The first round loads and compiles.
for (let round = 0; round <= rounds; round++) {
  const beginning = someIds(round, beginningTokens);
  const first = await ask([...beginning, ...someIds(round + 1000, questionTokens)]);
  const other = [...beginning, ...someIds(round + 2000, questionTokens)];
  const reused = await ask(other);
  const alone = await ask(other, "apart");
  if (alone.text !== reused.text || alone.cachedTokens > 0 || reused.cachedTokens < leastReused)
    throw new Error(`the second prompt took over ${reused.cachedTokens} tokens and was answered ${reused.text}`);
  if (round === 0) continue;
  samples.alone.push(first, alone);
  samples.reused.push(reused);
}
const row = (figure: "prefillMs" | "firstMs") => {
  const [alone, reused] = [samples.alone, samples.reused].map((answers) =>
    percentile(
      answers.map((answer) => answer[figure]),
      0.5,
    ),
  );
  return { alone, reused, times: alone! / reused! };
};
console.log(`${name}, ${beginningTokens} + ${questionTokens} tokens, ms (medians of ${rounds} rounds):`);
console.table({ prefill: row("prefillMs"), "first token at the client": row("firstMs") });

/** Ids that look random; never the special ones at the table's beginning. */
function someIds(seed: number, count: number): number[] {
  let state = seed + 1;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return 500 + ((state >>> 8) % (architecture.vocabSize - 500));
  });
}

async function ask(prompt: readonly number[], cacheKey?: string): Promise<Answer> {
  const startMs = performance.now();
  const response = await fetch(`${server.url}/v1/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({
      ...{ model: name, prompt, stream: true, stream_options: { include_usage: true } },
      ...{ max_tokens: ANSWER_TOKENS, temperature: 0, ignore_eos: true, timings: true, prompt_cache_key: cacheKey },
    }),
  });
  let firstMs: number | undefined;
  let body = "";
  for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
    body += piece;
    if (body.includes("data: ")) firstMs ??= performance.now() - startMs;
  }
  const cachedTokens = /"cached_tokens":(\d+)/.exec(body)?.[1];
  const prefillMs = /"prefill_ms":([\d.]+)/.exec(body)?.[1];
  if (firstMs === undefined || cachedTokens === undefined || prefillMs === undefined)
    throw new Error(`status ${response.status}: ${body}`);
  const text = [...body.matchAll(/"text":("(?:[^"\\]|\\.)*")/g)].map(([, part]) => JSON.parse(part!)).join("");
  return { firstMs, prefillMs: Number(prefillMs), text, cachedTokens: Number(cachedTokens) };
}
