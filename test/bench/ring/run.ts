/**
 * Where a token's time goes on its way through the whole local service, one stream: the same generation is run with more
 * and more of it, in one workerd process, and the times are subtracted. Prints a table and writes .lapidary/ring-NAME.json.
 * `node test/bench/ring/run.ts [--model FOLDER] [--tokens 20,120] [--temperature 0] [--top-p 1] [--core 1] …`
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { FolderSource, readManifest } from "../../../cli/folder-source.ts";
import { localTopology } from "../../../cli/local-topology.ts";
import { loadTokenizer } from "../../../runtime/tokenizer/load.ts";
import { type LocalServer, startLocalServer } from "../../end-to-end/local-server.ts";
import { canBindToCore } from "../peers/peer-process.ts";
import { BENCH_FOLDER, DEMO_MODEL } from "../whole-model/bench-model.ts";
import { msPerToken } from "./slope.ts";
import { WAYS, type Way, type Workload } from "./workload.ts";

const { values: options } = parseArgs({
  options: {
    model: { type: "string", default: DEMO_MODEL },
    /** Tokens generated in a short and in a long run. */
    tokens: { type: "string", default: "20,120" },
    temperature: { type: "string", default: "0" },
    "top-p": { type: "string", default: "1" },
    seed: { type: "string", default: "5" },
    repetitions: { type: "string", default: "9" },
    core: { type: "string", default: String(Math.min(1, availableParallelism() - 1)) },
  },
});
const [shortTokens, longTokens] = options.tokens.split(",").map(Number) as [number, number];
if (!(shortTokens > 0 && longTokens > shortTokens))
  throw new Error(`--tokens: expected two counts, the shorter first, found ${options.tokens}`);

const manifest = await readManifest(options.model);
const promptIds = await promptOf();
const workload = (tokens: number): Workload => ({
  ...{ promptIds, tokens },
  temperature: Number(options.temperature),
  topP: Number(options["top-p"]),
  seed: Number(options.seed),
});

const topology = localTopology(manifest);
await using server = await startLocalServer({
  entry: join(import.meta.dirname, "worker/entry.ts"),
  ...(options.model !== DEMO_MODEL && { model: options.model }),
  vars: topology,
});
if (canBindToCore()) bindWorkerd(options.core);

const times = new Map(WAYS.map((way) => [way, { short: [] as number[], long: [] as number[] }]));
const idsOfWay = new Map<Way, string>();
// The first round loads, records and compiles.
for (let round = -1; round < Number(options.repetitions); round++)
  for (const way of WAYS) {
    const long = await run(way, workload(longTokens));
    const short = await run(way, workload(shortTokens));
    if (round < 0) continue;
    times.get(way)!.long.push(long);
    times.get(way)!.short.push(short);
  }
if (new Set(idsOfWay.values()).size > 1) throw new Error("the ways generated different tokens");
report();

async function run(way: Way, { tokens, ...rest }: Workload): Promise<number> {
  const started = performance.now();
  if (way === "http") {
    const completionTokens = await overHttp(server, { tokens, ...rest });
    if (completionTokens !== tokens) throw new Error(`${completionTokens} tokens came over HTTP instead of ${tokens}`);
    return performance.now() - started;
  }
  const response = await fetch(`${server.url}/bench/${way}`, {
    method: "POST",
    body: JSON.stringify({ tokens, ...rest }),
  });
  if (!response.ok) throw new Error(`${way}: status ${response.status}: ${await response.text()}`);
  const { ids } = (await response.json()) as { ids: number[] | null };
  const ms = performance.now() - started;
  if (ids && ids.length !== tokens) throw new Error(`${way} generated ${ids.length} tokens instead of ${tokens}`);
  if (ids && tokens === longTokens) idsOfWay.set(way, ids.join());
  return ms;
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
  const perToken = WAYS.map((way) => {
    const { short, long } = times.get(way)!;
    return msPerToken({ short: { tokens: shortTokens, ms: short }, long: { tokens: longTokens, ms: long } });
  });
  const whole = perToken.at(-1)!;
  const names = ["kernels", "executor", "sampling and text", "frames and hops", "gateway and HTTP"];
  const parts = names.map((name, index) => {
    const ms = perToken[index]! - (perToken[index - 1] ?? 0);
    return { name, ms: Number(ms.toPrecision(3)), share: Number((ms / whole).toPrecision(3)) };
  });
  console.table(parts.map(({ name, ms, share }) => ({ part: name, "ms a token": ms, share })));
  const beside = Number((1 - perToken[0]! / whole).toPrecision(3));
  console.log(`${manifest.name}: ${whole.toPrecision(4)} ms a token over HTTP, beside kernels ${beside}`);
  mkdirSync(BENCH_FOLDER, { recursive: true });
  const path = join(BENCH_FOLDER, "..", `ring-${manifest.name}.json`);
  const samples = Object.fromEntries(times);
  writeFileSync(
    path,
    `${JSON.stringify({ topology, workload: workload(longTokens), parts, beside, samples }, null, 2)}\n`,
  );
}

/** A text the bundled model goes on with for long; ids that mean nothing to a random one. */
async function promptOf(): Promise<number[]> {
  const tokenizer = await loadTokenizer(new FolderSource(options.model), manifest);
  const { bos } = manifest.specialTokens;
  if (tokenizer) return [bos, ...tokenizer.encode("Once upon a time")];
  return [bos, ...Array.from({ length: 15 }, (_, index) => 1000 + 37 * index)];
}

/** Binds every workerd of this process's descendants, so that the client's own work happens beside it. */
function bindWorkerd(core: string): void {
  const { stdout } = spawnSync("ps", ["-eo", "pid,ppid,comm"], { encoding: "utf8" });
  const processes = stdout
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .map(([pid, parent, command]) => ({ pid: Number(pid), parent: Number(parent), command }));
  const descends = (pid: number): boolean => {
    const parent = processes.find((each) => each.pid === pid)?.parent;
    return parent === process.pid || (parent !== undefined && parent > 1 && descends(parent));
  };
  for (const { pid, command } of processes)
    if (command?.startsWith("workerd") && descends(pid)) spawnSync("taskset", ["-acp", core, String(pid)]);
}
