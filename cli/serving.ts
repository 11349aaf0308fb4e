import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { buildKernels } from "../runtime/simd/kernels/build.mjs";
import { MANIFEST_FILE, type Manifest, parseManifest } from "../weights/manifest.ts";
import { askAdmin } from "./admin-client.ts";
import { DEV_KEY_FILE, ensureDevKey } from "./dev-key.ts";
import type { DevServer } from "./dev-server.ts";
import { localAdminKey } from "./local-admin-key.ts";
import { integerArgument } from "./number-argument.ts";
import { ensureLocalSecrets } from "./prepare.mjs";
import { onStopSignal } from "./stop-signals.ts";

const BUNDLED_MODEL = fileURLToPath(new URL("../weights/demo/model", import.meta.url));

/** What every command that serves on this machine takes. */
export interface ServingOptions {
  readonly port: number;
  readonly model?: string;
  readonly verbose?: boolean;
  readonly hopMs: number;
  readonly strict?: boolean;
}

/** A folder to serve from. */
export interface ServedModel {
  readonly folder: string;
  readonly manifest: Manifest;
}

/** A service that answers at `url` until it is stopped. */
export type LocalService = Pick<DevServer, "url" | "ended" | "stop">;

/** Adds the options of `ServingOptions`. */
export function withServingOptions(command: Command): Command {
  return command
    .option("--port <number>", "port on 127.0.0.1 (0: any free one)", integerArgument(0, 65_535), 8787)
    .option("--model <folder>", "a folder written by `lapidary convert` (default: the bundled demo model)")
    .option("--hop-ms <ms>", "hold every message between parts back, as a network does", integerArgument(0, 1000), 0)
    .option("--strict", "refuse what production would: memory, messages, nesting, writes between tokens")
    .option("--verbose", "show everything wrangler and the Worker print");
}

/** Variables of the Worker that `options` ask for. */
export function servingVars({ hopMs, strict }: ServingOptions): Record<string, string> {
  return { LAPIDARY_HOP_MS: String(hopMs), LAPIDARY_STRICT: strict ? "1" : "0" };
}

/** Prepares what a local service needs, has `start` begin it, prints how to use it, and waits until it is stopped. */
export async function serve(
  options: ServingOptions,
  start: (model: ServedModel, onOutput: (text: string) => void) => Promise<LocalService>,
): Promise<void> {
  const folder = options.model ? resolve(options.model) : BUNDLED_MODEL;
  const manifest = readModel(folder);
  ensureLocalSecrets();
  say("Building kernels …");
  await buildKernels();
  say(`Starting workerd with ${manifest.name} …`);
  let service: LocalService | undefined;
  let serving = false;
  let stopping = false;
  onStopSignal(async () => {
    // What has begun to start is ended by the exit.
    if (service === undefined) process.exit(1);
    stopping = true;
    say("\nStopping …");
    await service.stop();
    process.exit(0);
  });
  // Until it serves, wrangler's output matters only when it fails, and then the error carries it.
  service = await start({ folder, manifest }, (text) => {
    if (options.verbose || (serving && /error|warn|✘/i.test(text))) process.stderr.write(text);
  });
  try {
    const key = await ensureDevKey(service.url);
    say("Loading the weights …");
    await loadWeights(service.url);
    serving = true;
    announce(service.url, key, manifest);
    await service.ended;
    if (!stopping) throw new Error("wrangler dev ended by itself; --verbose shows its output.");
  } finally {
    await service.stop();
  }
}

export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** So that the first answer comes as fast as the others, and what cannot be loaded is said now. */
async function loadWeights(url: string): Promise<void> {
  await askAdmin({ url, adminKey: localAdminKey() }, "POST", "/load").catch((cause: Error) => {
    throw new Error(`The weights could not be loaded: ${cause.message}`, { cause });
  });
}

function readModel(folder: string): Manifest {
  const path = join(folder, MANIFEST_FILE);
  if (!existsSync(path)) throw new Error(`${path} does not exist: expected a folder written by \`lapidary convert\`.`);
  return parseManifest(readFileSync(path, "utf8"));
}

function announce(url: string, key: string, manifest: Manifest): void {
  const chat = manifest.chatTemplate !== null;
  const body = chat
    ? { model: manifest.name, messages: [{ role: "user", content: "What is the capital of Peru?" }] }
    : { model: manifest.name, prompt: "The capital of Peru is", max_tokens: 32 };
  process.stdout.write(
    [
      `Ready: ${manifest.name} at ${url}  (Ctrl-C stops it; the key is in ${DEV_KEY_FILE})`,
      "",
      ...(chat ? [`Chat: ${url}/#key=${key}`, ""] : []),
      `curl ${url}/v1/${chat ? "chat/completions" : "completions"} -H "Authorization: Bearer ${key}" -H "Content-Type: application/json" -d '${JSON.stringify(body)}'`,
      "",
      `export OPENAI_BASE_URL=${url}/v1 OPENAI_API_KEY=${key}`,
      "",
    ].join("\n"),
  );
}
