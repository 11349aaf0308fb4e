/**
 * Tokens a second of 1 … 64 streams at once over the whole local service, all sizes in one run, in turn. Ratios are to one
 * stream of the same run; processor time of the workerd processes says on a busy machine what the clock cannot. Prints a
 * table and writes .lapidary/curve-NAME.json.
 * `node test/load/curve.ts [--streams 1,4,16] [--tokens 200] [--repetitions 5] [--model FOLDER] [--stages 3] …`
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readManifest } from "../../cli/folder-source.ts";
import { WorkerdProcesses } from "../bench/ring/workerd-processes.ts";
import { startLocalServer } from "../end-to-end/local-server.ts";
import { promptIds, readCompletion } from "./completion-stream.ts";
import { keyWithoutLimits } from "./key-without-limits.ts";
import { percentile } from "./percentile.ts";

const root = join(import.meta.dirname, "../..");
const DEMO_MODEL = join(root, "weights/demo/model");
const SECOND_MS = 1000;

const { values: options } = parseArgs({
  options: {
    streams: { type: "string", default: "1,2,4,8,16,32,64" },
    /** Of each stream. */
    tokens: { type: "string", default: "200" },
    repetitions: { type: "string", default: "5" },
    model: { type: "string" },
    stages: { type: "string", default: "3" },
    "vocabulary-shards": { type: "string", default: "2" },
  },
});
const sizes = options.streams.split(",").map(Number);
const tokens = Number(options.tokens);
const repetitions = Number(options.repetitions);
const most = Math.max(...sizes);
if (!sizes.every((size) => size >= 1 && size <= 256)) throw new Error("--streams: expected counts of 1 … 256");
const folder = options.model ?? DEMO_MODEL;
const { name, specialTokens } = await readManifest(folder);

interface Sample {
  readonly tokensPerSecond: number;
  readonly cpuMsPerToken: number;
}

await using server = await startLocalServer({
  ...(options.model !== undefined && { model: options.model }),
  vars: {
    LAPIDARY_STAGES: options.stages,
    LAPIDARY_VOCABULARY_SHARDS: options["vocabulary-shards"],
    LAPIDARY_MAX_SESSIONS: String(most),
    LAPIDARY_KV_TOKENS: String(most * (tokens + 64)),
  },
});
const key = await keyWithoutLimits(server.url);
const workerd = new WorkerdProcesses();
const samples = new Map(sizes.map((size) => [size, [] as Sample[]]));
// The first round loads and compiles.
for (let round = -1; round < repetitions; round++)
  for (const size of sizes) {
    const sample = await measure(size);
    if (round >= 0) samples.get(size)!.push(sample);
  }
report();

async function measure(streams: number): Promise<Sample> {
  const [startMs, cpuMs] = [performance.now(), workerd.cpuMs];
  await Promise.all(
    Array.from({ length: streams }, (_, seed) =>
      readCompletion(
        { url: server.url, key },
        { model: name, prompt: promptIds(specialTokens.bos, seed), tokens, seed },
      ),
    ),
  );
  const made = streams * tokens;
  return {
    tokensPerSecond: (made * SECOND_MS) / (performance.now() - startMs),
    cpuMsPerToken: (workerd.cpuMs - cpuMs) / made,
  };
}

function report(): void {
  const rows = [...samples].map(([streams, all]) => ({
    streams,
    tokensPerSecond: percentile(
      all.map(({ tokensPerSecond }) => tokensPerSecond),
      0.5,
    ),
    cpuMsPerToken: Math.min(...all.map(({ cpuMsPerToken }) => cpuMsPerToken)),
  }));
  const alone = rows[0]!;
  const curve = rows.map(({ streams, tokensPerSecond, cpuMsPerToken }) => ({
    streams,
    "tokens a second": Number(tokensPerSecond.toPrecision(3)),
    times: Number((tokensPerSecond / alone.tokensPerSecond).toFixed(2)),
    "CPU ms a token": Number(cpuMsPerToken.toFixed(3)),
    "times by CPU": Number((alone.cpuMsPerToken / cpuMsPerToken).toFixed(2)),
  }));
  console.table(curve);
  mkdirSync(join(root, ".lapidary"), { recursive: true });
  const path = join(root, `.lapidary/curve-${name}.json`);
  writeFileSync(path, `${JSON.stringify({ model: name, tokens, curve, samples: [...samples] }, null, 2)}\n`);
  console.log(`written: ${path}`);
}
