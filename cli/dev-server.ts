import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const READY_LIMIT_MS = 120_000;
const STOP_LIMIT_MS = 5_000;
/** Enough of wrangler's output to explain why it did not start. */
const KEPT_OUTPUT_CHARACTERS = 20_000;

export interface DevServerOptions {
  /** 0 takes any free port. */
  readonly port: number;
  /** Model folder to serve instead of the bundled one. */
  readonly model?: string;
  /** Overrides of wrangler.toml's [vars]. */
  readonly vars?: Readonly<Record<string, string>>;
  /** A module to serve instead of wrangler.toml's main. */
  readonly entry?: string;
  /** An environment of wrangler.toml, for example "ort". */
  readonly environment?: string;
  /** Where the objects' storage lives; default .wrangler/state. */
  readonly persistTo?: string;
  /** Gets what wrangler and the Worker print. */
  readonly onOutput?: (text: string) => void;
}

export interface DevServer {
  readonly url: string;
  /** Resolves when wrangler ended by itself. */
  readonly ended: Promise<void>;
  /** Ends wrangler and its workerd; idempotent. */
  stop(): Promise<void>;
}

/** Serves the Worker locally (wrangler dev → workerd) on the loopback address and waits until /health answers. */
export async function startDevServer(options: DevServerOptions): Promise<DevServer> {
  const port = await freePort(options.port);
  const url = `http://127.0.0.1:${port}`;
  let output = "";
  const child = spawn(process.execPath, wranglerArguments(port, options), {
    cwd: root,
    // A process group of its own, so that workerd can be ended with it even when wrangler itself hangs.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, CLOUDFLARE_CF_FETCH_ENABLED: "false", WRANGLER_SEND_METRICS: "false", NO_COLOR: "1" },
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-KEPT_OUTPUT_CHARACTERS);
      options.onOutput?.(text);
    });
  }
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = () => endGroup(child, ended);
  try {
    await untilHealthy(url, child);
  } catch (cause) {
    await stop();
    throw new Error(`${(cause as Error).message}\n${output.trim()}`, { cause });
  }
  return { url, ended, stop };
}

function wranglerArguments(port: number, options: DevServerOptions): string[] {
  const { model, vars, entry, environment, persistTo } = options;
  const wrangler = join(root, "node_modules", "wrangler", "bin", "wrangler.js");
  const args = [
    wrangler,
    "dev",
    ...(entry ? [entry] : []),
    "--ip",
    "127.0.0.1",
    "--port",
    String(port),
    "--inspector-port",
    "0",
    "--local",
  ];
  args.push("--show-interactive-dev-session=false");
  if (model) args.push("--assets", model);
  if (environment) args.push("--env", environment);
  if (persistTo) args.push("--persist-to", persistTo);
  for (const [name, value] of Object.entries(vars ?? {})) args.push("--var", `${name}:${value}`);
  return args;
}

/** Resolves with `port`, or any free one for 0; rejects when it is taken. */
function freePort(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (error: NodeJS.ErrnoException) => {
      const taken = error.code === "EADDRINUSE";
      reject(
        taken ? new Error(`Port ${port} is in use. Stop what listens there, or choose another with --port.`) : error,
      );
    });
    probe.listen(port, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address ? address.port : port));
    });
  });
}

async function untilHealthy(url: string, child: ChildProcess): Promise<void> {
  const limit = Date.now() + READY_LIMIT_MS;
  while (Date.now() < limit) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error("wrangler dev ended before it served a request:");
    const healthy = await fetch(`${url}/health`, { signal: AbortSignal.timeout(2_000) }).then(
      (response) => response.ok,
      () => false,
    );
    if (healthy) return;
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  throw new Error(`The server did not answer /health within ${READY_LIMIT_MS / 1000} s:`);
}

async function endGroup(child: ChildProcess, ended: Promise<void>): Promise<void> {
  const signalGroup = (signal: NodeJS.Signals) => {
    try {
      process.kill(-child.pid!, signal);
    } catch {
      // The group is gone already.
    }
  };
  if (child.exitCode === null && child.signalCode === null) {
    signalGroup("SIGTERM");
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, STOP_LIMIT_MS).unref())]);
  }
  signalGroup("SIGKILL");
}
