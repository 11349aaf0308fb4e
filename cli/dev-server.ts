import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
/** The code of the error that every route answers while a setting is wrong. */
const MISCONFIGURED = '"server_misconfigured"';
const READY_LIMIT_MS = 120_000;
const STOP_LIMIT_MS = 5_000;
/** Enough of wrangler's output to explain why it did not start. */
const KEPT_OUTPUT_CHARACTERS = 20_000;
const HEALTHY = { path: "/health", status: 200 };

export interface DevServerOptions {
  /** 0 takes any free port. */
  readonly port: number;
  /** wrangler's configuration instead of wrangler.toml; the secrets are those beside wrangler.toml all the same. */
  readonly config?: string;
  /** A folder where servers that name the same one find each other's Durable Objects. */
  readonly registry?: string;
  /** What the server answers once it serves; default: /health with 200. */
  readonly sign?: { readonly path: string; readonly status: number };
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
  /** wrangler's; its workerd processes are below it. */
  readonly pid: number;
  /** Resolves when wrangler ended by itself. */
  readonly ended: Promise<void>;
  /** Ends wrangler and its workerd; idempotent. */
  stop(): Promise<void>;
}

/** Serves a Worker locally (wrangler dev → workerd) on the loopback address and waits until it answers. */
export async function startDevServer(options: DevServerOptions): Promise<DevServer> {
  const port = await freePort(options.port);
  const url = `http://127.0.0.1:${port}`;
  let output = "";
  const child = spawn(process.execPath, wranglerArguments(port, options), {
    cwd: root,
    // A process group of its own, so that workerd can be ended with it even when wrangler itself hangs.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      CLOUDFLARE_CF_FETCH_ENABLED: "false",
      WRANGLER_SEND_METRICS: "false",
      NO_COLOR: "1",
      ...(options.registry && { WRANGLER_REGISTRY_PATH: options.registry }),
    },
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-KEPT_OUTPUT_CHARACTERS);
      options.onOutput?.(text);
    });
  }
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  // Whatever ends this process must not leave wrangler and workerd behind: their group gets no signal of the terminal's.
  const endAtOnce = () => signalGroup(child, "SIGKILL");
  process.once("exit", endAtOnce);
  const stop = async () => {
    await endGroup(child, ended);
    process.off("exit", endAtOnce);
  };
  try {
    await untilServing(url, child, options.sign ?? HEALTHY);
  } catch (cause) {
    await stop();
    throw new Error(`${(cause as Error).message}\n${output.trim()}`, { cause });
  }
  return { url, pid: child.pid!, ended, stop };
}

function wranglerArguments(port: number, options: DevServerOptions): string[] {
  const { config, model, vars, entry, environment, persistTo } = options;
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
  if (config) args.push("--config", config, "--env-file", join(root, ".dev.vars"));
  if (model) args.push("--assets", model);
  if (environment) args.push("--env", environment);
  if (persistTo) args.push("--persist-to", persistTo);
  const local = { LAPIDARY_HOSTS: servedHosts(), LAPIDARY_DEVELOPMENT: "1" };
  for (const [name, value] of Object.entries({ ...local, ...vars })) args.push("--var", `${name}:${value}`);
  return args;
}

/** A page that points a name of its own at this machine gets nothing; where a proxy has another name, it is given. */
const servedHosts = () => process.env.LAPIDARY_HOSTS ?? "127.0.0.1,localhost";

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

async function untilServing(
  url: string,
  child: ChildProcess,
  { path, status }: Required<DevServerOptions>["sign"],
): Promise<void> {
  const limit = Date.now() + READY_LIMIT_MS;
  while (Date.now() < limit) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error("wrangler dev ended before it served a request:");
    const response = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(2_000) }).catch(() => null);
    if (response?.status === status) return;
    // Waiting mends no setting.
    if ((await response?.text().catch(() => ""))?.includes(MISCONFIGURED)) throw new Error("A setting is wrong:");
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  throw new Error(`The server did not answer ${path} with ${status} within ${READY_LIMIT_MS / 1000} s:`);
}

async function endGroup(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    signalGroup(child, "SIGTERM");
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, STOP_LIMIT_MS).unref())]);
  }
  signalGroup(child, "SIGKILL");
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid!, signal);
  } catch {
    // The group is gone already.
  }
}
