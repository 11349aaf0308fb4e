import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Command, InvalidArgumentError } from "commander";
import { buildKernels } from "../../runtime/simd/kernels/build.mjs";
import { MANIFEST_FILE, type Manifest, parseManifest } from "../../weights/manifest.ts";
import { DEV_KEY_FILE, ensureDevKey } from "../dev-key.ts";
import { startDevServer } from "../dev-server.ts";
import { localTopology } from "../local-topology.ts";
import { planTable } from "../plan-table.ts";
import { ensureLocalSecrets } from "../prepare.mjs";

const BUNDLED_MODEL = fileURLToPath(new URL("../../weights/demo/model", import.meta.url));

interface StartOptions {
  readonly port: number;
  readonly model?: string;
  readonly verbose?: boolean;
}

export function startCommand(): Command {
  return new Command("start")
    .description("serve a model on this machine (workerd), with a development tenant and key")
    .option("--port <number>", "port on 127.0.0.1 (0: any free one)", parsePort, 8787)
    .option("--model <folder>", "a folder written by `lapidary convert` (default: the bundled demo model)")
    .option("--verbose", "show everything wrangler and the Worker print")
    .action(start);
}

async function start(options: StartOptions): Promise<void> {
  const folder = options.model ? resolve(options.model) : BUNDLED_MODEL;
  const manifest = readModel(folder);
  const topology = options.model ? localTopology(manifest) : null;
  ensureLocalSecrets();
  say("Building kernels …");
  await buildKernels();
  say(`Starting workerd with ${manifest.name} …`);
  if (topology) say(planTable(topology.plan));
  let serving = false;
  const server = await startDevServer({
    port: options.port,
    ...(topology && { model: folder, vars: topology.vars }),
    // Until it serves, wrangler's output matters only when it fails, and then the error carries it.
    onOutput: (text) => (options.verbose || (serving && /error|warn|✘/i.test(text))) && process.stderr.write(text),
  });
  const stop = async () => {
    say("\nStopping …");
    await server.stop();
    process.exit(0);
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);
  try {
    const key = await ensureDevKey(server.url);
    serving = true;
    announce(server.url, key, manifest);
    await server.ended;
    throw new Error("wrangler dev ended by itself; --verbose shows its output.");
  } finally {
    await server.stop();
  }
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

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError("Expected a port from 0 to 65535.");
  return port;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
