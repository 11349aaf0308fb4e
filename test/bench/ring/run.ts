/**
 * Where a token's time goes on its way through the whole local service, one stream: the same generation is run with more
 * and more of it, in one workerd process, and the times are subtracted. Prints a table and writes .lapidary/ring-NAME.json.
 * `node test/bench/ring/run.ts [--model FOLDER | --shape 2b] [--tokens 20,120] [--temperature 0] [--top-p 1] [--core 1] …`
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { FolderSource, readManifest } from "../../../cli/folder-source.ts";
import { localTopology } from "../../../cli/local-topology.ts";
import { loadTokenizer } from "../../../runtime/tokenizer/load.ts";
import { type LocalServer, startLocalServer } from "../../end-to-end/local-server.ts";
import { median } from "../peers/interleave.ts";
import { canBindToCore } from "../peers/peer-process.ts";
import { BENCH_FOLDER, benchModelFolder, DEMO_MODEL } from "../whole-model/bench-model.ts";
import { msPerToken } from "./slope.ts";
import { WorkerdProcesses } from "./workerd-processes.ts";
import { WAYS, type Way, type Workload } from "./workload.ts";

const { values: options } = parseArgs({
  options: {
    model: { type: "string" },
    /** Instead of a model: a random one of this shape. */
    shape: { type: "string" },
    /** How it is cut; left out, as `lapidary start` cuts it. */
    stages: { type: "string" },
    "vocabulary-shards": { type: "string" },
    /** Tokens generated in a short and in a long run. */
    tokens: { type: "string", default: "20,120" },
    temperature: { type: "string", default: "0" },
    "top-p": { type: "string", default: "1" },
    seed: { type: "string", default: "5" },
    repetitions: { type: "string", default: "15" },
    core: { type: "string", default: String(Math.min(1, availableParallelism() - 1)) },
  },
});
const [shortTokens, longTokens] = options.tokens.split(",").map(Number) as [number, number];
if (!(shortTokens > 0 && longTokens > shortTokens))
  throw new Error(`--tokens: expected two counts, the shorter first, found ${options.tokens}`);

const folder = options.model ?? (options.shape ? await benchModelFolder(options.shape) : DEMO_MODEL);
const manifest = await readManifest(folder);
const promptIds = await promptOf();
const workload = (tokens: number): Workload => ({
  ...{ promptIds, tokens },
  temperature: Number(options.temperature),
  topP: Number(options["top-p"]),
  seed: Number(options.seed),
});

const topology = {
  ...localTopology(manifest),
  ...(options.stages && { LAPIDARY_STAGES: options.stages }),
  ...(options["vocabulary-shards"] && { LAPIDARY_VOCABULARY_SHARDS: options["vocabulary-shards"] }),
};
await using server = await startLocalServer({
  entry: join(import.meta.dirname, "worker/entry.ts"),
  ...(folder !== DEMO_MODEL && { model: folder }),
  vars: topology.vars,
});
const workerd = new WorkerdProcesses();
if (canBindToCore()) workerd.bindTo(options.core);

/** Whatever else runs only adds to processor time, so the least stands for all; of the clock's times the middle one. */
const CLOCKS = { wallMs: median, cpuMs: (ms: readonly number[]) => Math.min(...ms) } as const;
type Clock = keyof typeof CLOCKS;
type Sample = Record<Clock, number>;
const samples = new Map(WAYS.map((way) => [way, { short: [] as Sample[], long: [] as Sample[] }]));
const idsOfWay = new Map<Way, string>();
// The first round loads, records and compiles.
for (let round = -1; round < Number(options.repetitions); round++)
  for (const way of WAYS) {
    const long = await measure(way, workload(longTokens));
    const short = await measure(way, workload(shortTokens));
    if (round < 0) continue;
    samples.get(way)!.long.push(long);
    samples.get(way)!.short.push(short);
  }
if (new Set(idsOfWay.values()).size > 1) throw new Error("the ways generated different tokens");
report();

async function measure(way: Way, load: Workload): Promise<Sample> {
  const [started, cpuMs] = [performance.now(), workerd.cpuMs];
  const tokens = way === "http" ? await overHttp(server, load) : await beneathHttp(way, load);
  if (tokens !== load.tokens) throw new Error(`${way} generated ${tokens} tokens instead of ${load.tokens}`);
  return { wallMs: performance.now() - started, cpuMs: workerd.cpuMs - cpuMs };
}

async function beneathHttp(way: Way, load: Workload): Promise<number> {
  const response = await fetch(`${server.url}/bench/${way}`, { method: "POST", body: JSON.stringify(load) });
  if (!response.ok) throw new Error(`${way}: status ${response.status}: ${await response.text()}`);
  const { ids } = (await response.json()) as { ids: number[] | null };
  if (ids && load.tokens === longTokens) idsOfWay.set(way, ids.join());
  return ids?.length ?? load.tokens;
}

/** A streamed completion; returns the tokens it was billed. */
async function overHttp(local: LocalServer, { promptIds, tokens, temperature, topP, seed }: Workload): Promise<number> {
  const stream = await local.client.completions.create({
    ...{ model: manifest.name, prompt: [...promptIds], stream: true, stream_options: { include_usage: true } },
    ...{ max_tokens: tokens, temperature, top_p: topP, seed, top_k: 0 },
  });
  let completionTokens = 0;
  for await (const { usage } of stream) completionTokens = usage?.completion_tokens ?? completionTokens;
  return completionTokens;
}

function report(): void {
  const [wall, cpu] = [partsBy("wallMs"), partsBy("cpuMs")];
  console.table(
    wall.map(({ part, ms, share }, index) => ({
      ...{ part, "ms a token": ms, share },
      "CPU ms a token": cpu[index]!.ms,
      "CPU share": cpu[index]!.share,
    })),
  );
  const path = join(BENCH_FOLDER, "..", `ring-${manifest.name}.json`);
  const result = { model: manifest.name, topology, workload: workload(longTokens), wall, cpu };
  mkdirSync(BENCH_FOLDER, { recursive: true });
  writeFileSync(path, `${JSON.stringify({ ...result, samples: Object.fromEntries(samples) }, null, 2)}\n`);
  console.log(`written: ${path}`);
}

interface Part {
  readonly part: string;
  readonly ms: number;
  readonly share: number;
}

/** What each way takes more than the one before it, a token, and the whole. */
function partsBy(clock: Clock): Part[] {
  const perToken = WAYS.map((way) => {
    const { short, long } = samples.get(way)!;
    const lengths = {
      short: { tokens: shortTokens, ms: short.map((sample) => sample[clock]) },
      long: { tokens: longTokens, ms: long.map((sample) => sample[clock]) },
    };
    return msPerToken(lengths, CLOCKS[clock]);
  });
  const whole = perToken.at(-1)!;
  const row = (part: string, ms: number): Part => ({
    part,
    ms: Number(ms.toPrecision(3)),
    share: Number((ms / whole).toPrecision(3)),
  });
  return [
    ...["kernels", "executor", "sampling and text", "frames and hops", "gateway and HTTP"].map((part, index) =>
      row(part, perToken[index]! - (perToken[index - 1] ?? 0)),
    ),
    row("beside kernels", whole - perToken[0]!),
    row("whole", whole),
  ];
}

/** A text the bundled model goes on with for long; ids that mean nothing to a random one. */
async function promptOf(): Promise<number[]> {
  const tokenizer = await loadTokenizer(new FolderSource(folder), manifest);
  const { bos } = manifest.specialTokens;
  if (tokenizer) return [bos, ...tokenizer.encode("Once upon a time")];
  return [bos, ...Array.from({ length: 15 }, (_, index) => 1000 + 37 * index)];
}
