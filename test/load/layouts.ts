/**
 * Tokens a second of streams at once over the whole local service, laid out in different ways: over more or fewer workerd
 * processes, with faster or slower hops. All layouts run at the same time and are measured in turn. Prints a table and
 * writes .lapidary/layouts-NAME.json.
 * `node test/load/layouts.ts [--processes 1,2] [--hop-ms 0] [--streams 16] [--tokens 100] [--repetitions 5] [--model FOLDER] …`
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Cluster, startCluster } from "../../cli/cluster.ts";
import { readManifest } from "../../cli/folder-source.ts";
import { localTopology } from "../../cli/local-topology.ts";
import { ensureLocalSecrets } from "../../cli/prepare.mjs";
import { divideIntoScripts } from "../../cli/scripts/divide.ts";
import { onStopSignal } from "../../cli/stop-signals.ts";
import { buildKernels } from "../../runtime/simd/kernels/build.mjs";
import { PAGE_TOKENS } from "../../runtime/simd/layout.ts";
import { WorkerdProcesses } from "../bench/ring/workerd-processes.ts";
import { DEMO_MODEL } from "../bench/whole-model/bench-model.ts";
import { PROMPT_TOKENS, promptIds, readCompletion } from "./completion-stream.ts";
import { keyWithoutLimits } from "./key-without-limits.ts";
import { percentile } from "./percentile.ts";

const root = join(import.meta.dirname, "../..");
const SECOND_MS = 1000;

const { values: options } = parseArgs({
  options: {
    processes: { type: "string", default: "1,2" },
    "hop-ms": { type: "string", default: "0" },
    streams: { type: "string", default: "16" },
    /** Of each stream. */
    tokens: { type: "string", default: "100" },
    repetitions: { type: "string", default: "5" },
    model: { type: "string", default: DEMO_MODEL },
  },
});
const numbers = (list: string) => list.split(",").map(Number);
const tokens = Number(options.tokens);
const sizes = numbers(options.streams);
const folder = options.model;
const manifest = await readManifest(folder);

/** A service that is laid out in one way, and what was measured of it by the number of streams. */
interface Layout {
  readonly processes: number;
  readonly hopMs: number;
  readonly cluster: Cluster;
  readonly key: string;
  /** Of each script. */
  readonly workerd: readonly WorkerdProcesses[];
  readonly samples: Map<number, Sample[]>;
}

interface Sample {
  readonly tokensPerSecond: number;
  /** What the clock would show if no other program had used the processors: both sides wait for their turn alike. */
  readonly undisturbedTokensPerSecond: number;
  /** Processor time of each script. */
  readonly cpuMsPerToken: readonly number[];
}

const storage = mkdtempSync(join(tmpdir(), "lapidary-layouts-"));
const layouts: Layout[] = [];
// wrangler is a process group of its own, which ends with an exit of this process and not with its signals.
onStopSignal(() => process.exit(1));
try {
  ensureLocalSecrets();
  await buildKernels();
  for (const processes of numbers(options.processes))
    for (const hopMs of numbers(options["hop-ms"])) layouts.push(await start(processes, hopMs));
  // The first round loads and compiles.
  for (let round = -1; round < Number(options.repetitions); round++)
    for (const size of sizes)
      for (const layout of layouts) {
        const sample = await measure(layout, size);
        if (round >= 0) layout.samples.set(size, [...(layout.samples.get(size) ?? []), sample]);
      }
  report();
} finally {
  await Promise.all(layouts.map(({ cluster }) => cluster.stop()));
  rmSync(storage, { recursive: true, force: true });
}

async function start(processes: number, hopMs: number): Promise<Layout> {
  const { plan, vars } = localTopology(manifest, Math.max(...numbers(options.processes)));
  const most = Math.max(...sizes);
  const cluster = await startCluster({
    scripts: divideIntoScripts(plan, processes, "layout"),
    ...{ port: 0, assetsOf: () => resolve(folder) },
    vars: {
      ...vars,
      LAPIDARY_HOP_MS: String(hopMs),
      LAPIDARY_MAX_SESSIONS: String(most),
      LAPIDARY_KV_TOKENS: String(most * (tokens + PROMPT_TOKENS + PAGE_TOKENS)),
    },
    persistTo: join(storage, `${processes}-${hopMs}`),
  });
  const key = await keyWithoutLimits(cluster.url);
  const workerd = cluster.scripts.map(({ pid }) => new WorkerdProcesses(pid));
  return { processes, hopMs, cluster, key, workerd, samples: new Map() };
}

async function measure(layout: Layout, streams: number): Promise<Sample> {
  const times = () => layout.workerd.map(({ cpuMs, waitedMs }) => ({ cpuMs, waitedMs }));
  const [startMs, before] = [performance.now(), times()];
  await Promise.all(Array.from({ length: streams }, (_, seed) => stream(layout, seed)));
  const tookMs = performance.now() - startMs;
  const spent = times().map(({ cpuMs, waitedMs }, script) => ({
    cpuMs: cpuMs - before[script]!.cpuMs,
    waitedMs: waitedMs - before[script]!.waitedMs,
  }));
  const made = streams * tokens;
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const computedMs = sum(spent.map(({ cpuMs }) => cpuMs));
  const readyMs = computedMs + sum(spent.map(({ waitedMs }) => waitedMs));
  return {
    tokensPerSecond: (made * SECOND_MS) / tookMs,
    undisturbedTokensPerSecond: (made * SECOND_MS * readyMs) / (tookMs * computedMs),
    cpuMsPerToken: spent.map(({ cpuMs }) => cpuMs / made),
  };
}

async function stream({ cluster, key }: Layout, seed: number): Promise<void> {
  const prompt = promptIds(manifest.specialTokens.bos, seed);
  await readCompletion({ url: cluster.url, key }, { model: manifest.name, prompt, tokens, seed });
}

function report(): void {
  const median = (values: readonly number[]) => percentile(values, 0.5);
  const rows = layouts.flatMap(({ processes, hopMs, samples }) =>
    [...samples].map(([streams, all]) => ({
      ...{ processes, "hop ms": hopMs, streams },
      "tokens a second": median(all.map(({ tokensPerSecond }) => tokensPerSecond)),
      undisturbed: median(all.map(({ undisturbedTokensPerSecond }) => undisturbedTokensPerSecond)),
      "CPU ms a token": all[0]!.cpuMsPerToken
        .map((_, script) => Math.min(...all.map(({ cpuMsPerToken }) => cpuMsPerToken[script]!)).toFixed(2))
        .join(" + "),
    })),
  );
  const table = rows.map((row) => {
    const { undisturbed } = rows.find(({ streams }) => streams === row.streams)!;
    const times = Number((row.undisturbed / undisturbed).toFixed(2));
    return {
      ...row,
      "tokens a second": Math.round(row["tokens a second"]),
      undisturbed: Math.round(row.undisturbed),
      "of the first": times,
    };
  });
  console.table(table);
  mkdirSync(join(root, ".lapidary"), { recursive: true });
  const path = join(root, `.lapidary/layouts-${manifest.name}.json`);
  const all = layouts.map(({ processes, hopMs, samples }) => ({ processes, hopMs, samples: [...samples] }));
  writeFileSync(path, `${JSON.stringify({ model: manifest.name, tokens, table, layouts: all }, null, 2)}\n`);
  console.log(`written: ${path}`);
}
