/**
 * Load on the whole local service: clients that ask mixed requests one after another, leave some, and have the pipeline's
 * objects killed meanwhile. Every answer is compared with the one the same request got alone. Prints a table, writes
 * .lapidary/load.json, and ends with 1 when an answer was lost or another.
 * `npm run load -- [--clients 16] [--requests 200] [--cancels 0.1] [--kills 0] [--model FOLDER] [--stages 3] …`
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readManifest } from "../../cli/folder-source.ts";
import { startLocalServer } from "../end-to-end/local-server.ts";
import { keyWithoutLimits } from "./key-without-limits.ts";
import { type LoadTarget, type Outcome, runRequest } from "./load-client.ts";
import { mixedRequests } from "./mixed-requests.ts";
import { percentile } from "./percentile.ts";

const root = join(import.meta.dirname, "../..");
const DEMO_MODEL = join(root, "weights/demo/model");
/** Requests that differ; further ones repeat them. */
const KINDS = 40;
/** A stream that is left is left after so many texts at most. */
const MAX_TEXTS_READ = 20;
const SECOND_MS = 1000;
const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"];

const { values: options } = parseArgs({
  options: {
    clients: { type: "string", default: "16" },
    requests: { type: "string", default: "200" },
    /** Share of the streams that are left. */
    cancels: { type: "string", default: "0.1" },
    /** Objects killed a second. */
    kills: { type: "string", default: "0" },
    model: { type: "string" },
    stages: { type: "string" },
    replicas: { type: "string" },
    /** A server that runs already, on this machine, with its key; nothing is killed there. */
    url: { type: "string" },
    key: { type: "string" },
  },
});

function bounded(name: "clients" | "requests" | "cancels" | "kills", least: number, most: number): number {
  const value = Number(options[name]);
  if (value >= least && value <= most) return value;
  throw new Error(`--${name}: expected ${least} … ${most}, found ${options[name]}`);
}

const clients = Math.round(bounded("clients", 1, 256));
const requestCount = Math.round(bounded("requests", 1, 100_000));
const cancels = bounded("cancels", 0, 1);
const killsPerSecond = bounded("kills", 0, 20);
if (options.url !== undefined) {
  if (!LOOPBACK.includes(new URL(options.url).hostname))
    throw new Error("--url: load is for this machine's own addresses");
  if (options.key === undefined) throw new Error("--url needs --key, a key of that server");
  if (killsPerSecond > 0) throw new Error("--kills needs a server of the load's own: leave --url out");
}

const { name: model } = await readManifest(options.model ?? DEMO_MODEL);
const requests = mixedRequests(model, KINDS);

async function main(target: LoadTarget): Promise<void> {
  console.log(`${KINDS} requests alone …`);
  const expected: string[] = [];
  for (const request of requests) {
    const { how, error, text } = await runRequest(target, request);
    if (how !== "done") throw new Error(`a request failed without any load: ${error}`);
    expected.push(text);
  }
  console.log(`${requestCount} requests from ${clients} clients …`);
  const outcomes: (Outcome & { readonly kind: number })[] = [];
  const killing = new AbortController();
  const kills = killObjects(target, killing.signal);
  const startMs = performance.now();
  let next = 0;
  const client = async () => {
    while (next < requestCount) {
      const kind = next++ % KINDS;
      const leaves = requests[kind]!.stream && Math.random() < cancels;
      const leaveAfter = leaves ? 1 + Math.floor(Math.random() * MAX_TEXTS_READ) : undefined;
      outcomes.push({ kind, ...(await runRequest(target, requests[kind]!, leaveAfter)) });
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const tookMs = performance.now() - startMs;
  killing.abort();
  report(outcomes, expected, tookMs, await kills);
}

/** Kills objects at random until the signal; how many of which class. */
async function killObjects({ url }: LoadTarget, signal: AbortSignal): Promise<Record<string, number>> {
  const kills: Record<string, number> = {};
  while (killsPerSecond > 0 && !signal.aborted) {
    await new Promise((resolve) => setTimeout(resolve, SECOND_MS / killsPerSecond));
    const killed = await (await fetch(`${url}/load/kill`, { method: "POST" })).text();
    if (killed !== "") kills[killed] = (kills[killed] ?? 0) + 1;
  }
  return kills;
}

function report(
  outcomes: readonly (Outcome & { readonly kind: number })[],
  expected: readonly string[],
  tookMs: number,
  kills: Readonly<Record<string, number>>,
): void {
  const count = (how: Outcome["how"]) => outcomes.filter((outcome) => outcome.how === how).length;
  const different = outcomes.filter(({ how, kind, text }) =>
    how === "done" ? text !== expected[kind] : !expected[kind]!.startsWith(text),
  );
  const firstTokenMs = outcomes.flatMap((outcome) => outcome.firstTokenMs ?? []);
  const gapsMs = outcomes.flatMap((outcome) => outcome.gapsMs);
  const tokens = outcomes.reduce((sum, { completionTokens }) => sum + completionTokens, 0);
  const percentiles = (values: readonly number[]) =>
    Object.fromEntries(
      [0.5, 0.95, 0.99].map((share) => [`p${100 * share}`, Math.round(10 * percentile(values, share)) / 10]),
    );
  const result = {
    date: new Date().toISOString(),
    ...{ model, clients, requests: outcomes.length },
    ...{ done: count("done"), cancelled: count("cancelled"), lost: count("lost"), different: different.length },
    refusals: outcomes.reduce((sum, { refusals }) => sum + refusals, 0),
    kills,
    seconds: Math.round(tookMs) / SECOND_MS,
    tokensPerSecond: Math.round((10 * tokens * SECOND_MS) / tookMs) / 10,
    requestsPerSecond: Math.round((100 * outcomes.length * SECOND_MS) / tookMs) / 100,
    firstTokenMs: percentiles(firstTokenMs),
    betweenTokensMs: percentiles(gapsMs),
    errors: [...new Set(outcomes.flatMap(({ error }) => error ?? []))],
  };
  console.log(result);
  mkdirSync(join(root, ".lapidary"), { recursive: true });
  writeFileSync(join(root, ".lapidary/load.json"), `${JSON.stringify(result, null, 2)}\n`);
  if (result.lost + result.different > 0) process.exitCode = 1;
}

if (options.url !== undefined) await main({ url: options.url, key: options.key! });
else {
  await using server = await startLocalServer({
    entry: join(root, "test/functions/load/entry.ts"),
    ...(options.model !== undefined && { model: options.model }),
    vars: {
      ...(options.stages !== undefined && { LAPIDARY_STAGES: options.stages }),
      ...(options.replicas !== undefined && { LAPIDARY_REPLICAS: options.replicas }),
    },
  });
  await main({ url: server.url, key: await keyWithoutLimits(server.url) });
}
