/**
 * Measures ours and its peers on a random Gemma, in turn, and prints one JSON object; progress goes to standard error.
 * `node test/bench/peers/run.ts [--shape 2b] [--layers N] [--repetitions 5] [--peers lapidary,llama.cpp] [--core 1] …`
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type GemmaShape, gemmaShape } from "../gemma-shape.ts";
import { BENCH_FOLDER, benchModelFolder } from "../whole-model/bench-model.ts";
import { PEERS_FOLDER } from "./installed-package.ts";
import { interleave, type Measurement, median, type Samples } from "./interleave.ts";
import { type Peer, PeerMissingError, type PeerOptions } from "./peer.ts";
import { canBindToCore, PeerProcess } from "./peer-process.ts";
import type { PeersReport } from "./report.ts";
import { writeGguf } from "./write-gguf.ts";

interface PeerEntry {
  readonly module: string;
  readonly reads: "gguf" | "folder";
  /** Whether the peer fills a long context in a time anyone waits for. */
  readonly longContext: boolean;
  readonly engineBuild?: PeerOptions["engineBuild"];
}
const OURS: PeerEntry = { module: join(PEERS_FOLDER, "lapidary.ts"), reads: "folder", longContext: true };
const PEERS: Readonly<Record<string, PeerEntry>> = {
  lapidary: OURS,
  "lapidary-simd128": { ...OURS, engineBuild: "simd128", longContext: false },
  "llama.cpp": { module: join(PEERS_FOLDER, "llama-native.ts"), reads: "gguf", longContext: true },
  wllama: { module: join(PEERS_FOLDER, "wllama.ts"), reads: "gguf", longContext: false },
};

const { values: options } = parseArgs({
  options: {
    shape: { type: "string", default: "2b" },
    layers: { type: "string" },
    repetitions: { type: "string", default: "5" },
    peers: { type: "string", default: Object.keys(PEERS).join() },
    /** Prompt lengths, tokens. */
    prefill: { type: "string", default: "128,512" },
    /** Tokens before those decoded. */
    context: { type: "string", default: "128" },
    /** The same, without the slow peers; 0 leaves it out. */
    "long-context": { type: "string", default: "2048,4096" },
    "decode-tokens": { type: "string", default: "16" },
    core: { type: "string", default: String(Math.min(1, cpus().length - 1)) },
    chromium: { type: "string", default: "/usr/bin/chromium" },
    /** Where the models are kept. */
    folder: { type: "string", default: BENCH_FOLDER },
  },
});

const repetitions = wholeNumber("repetitions", options.repetitions, 1);
const names = options.peers.split(",");
for (const name of names)
  if (!PEERS[name]) throw new Error(`--peers: unknown ${name}; expected some of ${Object.keys(PEERS).join(", ")}`);
const layers = options.layers === undefined ? undefined : wholeNumber("layers", options.layers, 1);
const shape = gemmaShape(options.shape, layers);
const core = canBindToCore() ? wholeNumber("core", options.core, 0) : null;
const { plan, contextTokens } = planOf(shape);

if (names.some((name) => PEERS[name]!.reads === "gguf")) installPeers();
const models = {
  gguf: names.some((name) => PEERS[name]!.reads === "gguf") ? await randomGguf(shape) : "",
  modelFolder: names.some((name) => PEERS[name]!.reads === "folder")
    ? await benchModelFolder(options.shape, layers, options.folder)
    : "",
};

const peers = new Map<string, Peer>();
const skipped: Record<string, string> = {};
const described: Record<string, { version: string; detail: string; loadSeconds: number }> = {};
try {
  for (const name of names) await preparePeer(name);
  const samples = await interleave(peers, plan, repetitions, (name, measurement, ms) =>
    progress(`${name}: ${describe(measurement)}: ${tokensPerSecond(measurement, ms).toFixed(2)} tokens/s`),
  );
  const results = [...samples].map(([peer, measured]) => ({ peer, ...described[peer]!, ...summarise(measured) }));
  const report: PeersReport = {
    machine: machine(),
    model: { shape: options.shape, ...shape },
    peers: results,
    skipped,
  };
  console.log(JSON.stringify(report));
} finally {
  for (const peer of peers.values()) await peer.close();
}

function planOf({ max_position_embeddings: longest }: GemmaShape) {
  const decodeTokens = wholeNumber("decode-tokens", options["decode-tokens"], 1);
  const everyPeer = names;
  const patient = names.filter((name) => PEERS[name]!.longContext);
  const prefills = options.prefill.split(",").map((text) => wholeNumber("prefill", text, 1));
  const context = wholeNumber("context", options.context, 1);
  const longContexts = options["long-context"]
    .split(",")
    .map((text) => wholeNumber("long-context", text, 0))
    .filter((tokens) => tokens > 0);
  const decode = (tokens: number): Measurement => ({ kind: "decode", tokens: decodeTokens, context: tokens });
  const planned = [
    ...prefills.map((tokens) => ({ measurement: { kind: "prefill", tokens } as Measurement, peers: everyPeer })),
    { measurement: decode(context), peers: everyPeer },
    ...longContexts.map((tokens) => ({ measurement: decode(tokens), peers: patient })),
  ];
  const contextOf = (name: string) =>
    Math.max(
      ...planned
        .filter(({ peers: measured }) => measured.includes(name))
        .map(({ measurement }) => measurement.tokens + (measurement.kind === "decode" ? measurement.context : 0)),
    );
  const needed = Object.fromEntries(names.map((name) => [name, contextOf(name)]));
  for (const [name, tokens] of Object.entries(needed))
    if (tokens > longest)
      throw new Error(`${name} would hold ${tokens} tokens, the model's context is ${longest}; ask for shorter ones`);
  return { plan: planned, contextTokens: needed };
}

/** The peers are a package of their own: installed at the first run, and only by its lock file. */
function installPeers(): void {
  if (existsSync(join(PEERS_FOLDER, "node_modules/.package-lock.json"))) return;
  progress("installing the peers (npm ci in test/bench/peers) …");
  const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], {
    cwd: PEERS_FOLDER,
    stdio: ["ignore", 2, 2],
  });
  if (status !== 0) throw new Error("npm ci in test/bench/peers failed; see above");
}

async function randomGguf(model: GemmaShape): Promise<string> {
  const path = join(options.folder, `random-gemma-${options.shape}-${model.num_hidden_layers}-layers.gguf`);
  if (!existsSync(path)) {
    progress(`writing ${path} …`);
    await writeGguf(path, model);
  }
  return path;
}

async function preparePeer(name: string): Promise<void> {
  const peerOptions: PeerOptions = {
    ...models,
    engineBuild: PEERS[name]!.engineBuild ?? "relaxed",
    contextTokens: contextTokens[name]!,
    vocabSize: shape.vocab_size,
    chromium: options.chromium,
  };
  progress(`${name}: loading …`);
  const peer = new PeerProcess(PEERS[name]!.module, peerOptions, core);
  const started = performance.now();
  try {
    const description = await peer.prepare();
    described[name] = { ...description, loadSeconds: rounded((performance.now() - started) / 1000) };
    peers.set(name, peer);
  } catch (error) {
    await peer.close();
    if (!(error instanceof PeerMissingError)) throw error;
    skipped[name] = error.message;
    progress(`${name}: skipped: ${error.message}`);
  }
}

function summarise(measured: readonly Samples[]) {
  const rates = (kind: Measurement["kind"]) =>
    Object.fromEntries(
      measured
        .filter(({ measurement }) => measurement.kind === kind)
        .map(({ measurement, ms }) => [
          measurement.kind === "prefill" ? measurement.tokens : measurement.context,
          rounded(tokensPerSecond(measurement, median(ms))),
        ]),
    );
  return {
    prefillTokensPerSecond: rates("prefill"),
    decodeTokensPerSecond: rates("decode"),
    samplesMs: measured.map(({ measurement, ms }) => ({ ...measurement, ms: ms.map(rounded) })),
  };
}

function machine() {
  return { processor: cpus()[0]?.model.trim() ?? "unknown", node: process.version, core, repetitions };
}

/** A sample of a prefill is of the whole prompt, one of decoding of a token. */
function tokensPerSecond(measurement: Measurement, ms: number): number {
  return ((measurement.kind === "prefill" ? measurement.tokens : 1) * 1000) / ms;
}

function describe(measurement: Measurement): string {
  return measurement.kind === "prefill"
    ? `prefill of ${measurement.tokens} tokens`
    : `decode after ${measurement.context} tokens`;
}

function wholeNumber(option: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least)
    throw new Error(`--${option}: expected a whole number of at least ${least}, found ${text}`);
  return value;
}

function rounded(value: number): number {
  return Number(value.toPrecision(5));
}

function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}
