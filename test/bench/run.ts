/**
 * Times the kernels on Gemma 2B's shapes beside their baselines, prints a table with ratios and writes
 * .lapidary/bench.json. `npm run bench`; with `-- --peers` the peers of test/bench/peers follow.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { loadKernelModules } from "../../cli/kernel-modules.ts";
import { instantiateKernels } from "../../runtime/simd/instantiate.ts";
import { benchAttention } from "./kernels/attention-bench.ts";
import { createBaselines } from "./kernels/baselines.ts";
import { BenchMemory } from "./kernels/bench-memory.ts";
import type { Timing } from "./kernels/measured-action.ts";
import { benchManyRows, benchOneRow, benchTable } from "./kernels/products-bench.ts";
import { kernelRatios } from "./kernels/ratios.ts";
import { benchRows } from "./kernels/rows-bench.ts";
import { measurePeers } from "./peers/measure-peers.ts";
import { wholeModelRatios } from "./peers/ratios.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const { values: options } = parseArgs({ options: { peers: { type: "boolean", default: false } } });

const modules = await loadKernelModules();

/** Runs one benchmark on a memory of its own, so that nothing lingers. */
async function measure(
  megabytes: number,
  run: (
    bench: BenchMemory,
    builds: Parameters<typeof benchOneRow>[1],
    baselines: Parameters<typeof benchOneRow>[2],
  ) => Promise<Timing[]>,
): Promise<Timing[]> {
  const bench = new BenchMemory(megabytes);
  const builds = {
    relaxed: instantiateKernels(modules.relaxed, bench.memory),
    simd128: instantiateKernels(modules.simd128, bench.memory),
  };
  return run(bench, builds, await createBaselines(bench.memory));
}

const timings = [
  ...(await measure(280, benchOneRow)),
  ...(await measure(24, benchManyRows)),
  ...(await measure(128, benchTable)),
  ...(await measure(16, (bench, { relaxed }) => benchRows(bench, relaxed))),
  ...(await measure(200, (bench, { relaxed }) => benchAttention(bench, relaxed))),
];

const rounded = (value: number | null) => (value === null ? "" : Number(value.toPrecision(3)));
console.table(
  timings.map(({ name, medianMs, bestMs, gigaMacsPerSecond, gigabytesPerSecond }) => ({
    kernel: name,
    "median ms": rounded(medianMs),
    "best ms": rounded(bestMs),
    "GMAC/s": rounded(gigaMacsPerSecond),
    "GB/s": rounded(gigabytesPerSecond),
  })),
);
const peers = options.peers ? await measurePeers([]) : null;
if (peers) {
  console.table(
    peers.peers.map(({ peer, prefillTokensPerSecond, decodeTokensPerSecond }) => ({
      peer,
      ...prefixed("prefill ", prefillTokensPerSecond),
      ...prefixed("decode at ", decodeTokensPerSecond),
    })),
  );
  for (const [peer, why] of Object.entries(peers.skipped)) console.log(`${peer} was left out: ${why}`);
}
const ratios = [...kernelRatios(timings), ...(peers ? wholeModelRatios(peers) : [])];
console.table(ratios.map(({ name, value, bar }) => ({ ratio: name, value: rounded(value), bar: bar ?? "" })));

mkdirSync(`${root}.lapidary`, { recursive: true });
const machine = { processor: cpus()[0]?.model, node: process.version };
const report = { date: new Date().toISOString(), ...machine, timings, peers, ratios };
writeFileSync(`${root}.lapidary/bench.json`, `${JSON.stringify(report, null, 2)}\n`);
console.log("written: .lapidary/bench.json");

/** Tokens a second by length, as columns of a table. */
function prefixed(prefix: string, rates: Readonly<Record<string, number>>): Record<string, number | string> {
  return Object.fromEntries(Object.entries(rates).map(([tokens, rate]) => [prefix + tokens, rounded(rate)]));
}
