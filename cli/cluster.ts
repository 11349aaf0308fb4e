import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type DevServer, type DevServerOptions, startDevServer } from "./dev-server.ts";
import type { Script } from "./scripts/script.ts";
import { readScriptBase } from "./scripts/script-base.ts";
import { scriptConfig } from "./scripts/script-config.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
/** A script without the API says so, and that it runs. */
const NOTHING_HERE = { path: "/", status: 404 };
/** The API has found the conductor in its script, which has loaded nothing yet. */
const FOUND_CORE = { path: "/ready", status: 503 };

export interface ClusterOptions {
  /** A process for each. */
  readonly scripts: readonly Script[];
  /** Of the API; 0 takes any free port. */
  readonly port: number;
  /** The folder of model files that a script reads. */
  readonly assetsOf: (script: Script) => string;
  /** Overrides of wrangler.toml's [vars], for all scripts. */
  readonly vars: Readonly<Record<string, string>>;
  /** A module to serve instead of the API's. */
  readonly entry?: string;
  /** Where the core's objects keep their storage; default .wrangler/state, which `lapidary start` uses too. */
  readonly persistTo?: string;
  /** Gets what wrangler and the scripts print. */
  readonly onOutput?: (text: string) => void;
}

export interface Cluster {
  /** Of the API. */
  readonly url: string;
  readonly scripts: readonly { readonly script: Script; readonly pid: number }[];
  /** Resolves when one of the processes ended by itself. */
  readonly ended: Promise<void>;
  /** Ends all processes; idempotent. */
  stop(): Promise<void>;
}

/**
 * Serves one model from several workerd processes on this machine: a script each, which find each other's objects through
 * wrangler's dev registry as deployed scripts do through their bindings. A workerd computes on one thread, so this is what
 * makes several processor cores work at the same time.
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { scripts, port, assetsOf, vars, entry, persistTo = join(root, ".wrangler/state"), onOutput } = options;
  const folder = await mkdtemp(join(tmpdir(), "lapidary-cluster-"));
  const base = await readScriptBase();
  const service = { scripts, base, assetsOf, entry, vars: { ...base.vars, ...vars } };
  const servers: DevServer[] = [];
  const stop = async () => {
    await Promise.all(servers.map((server) => server.stop()));
    await rm(folder, { recursive: true, force: true });
  };
  const start = async (script: Script) => {
    const config = join(folder, `${script.name}.json`);
    await writeFile(config, JSON.stringify(scriptConfig(script, service), null, 2));
    const server = await startDevServer({
      config,
      registry: join(folder, "registry"),
      port: script.api ? port : 0,
      persistTo: script.core ? persistTo : join(folder, script.name),
      ...signOf(script),
      ...(onOutput && { onOutput }),
    });
    servers.push(server);
    return { script, pid: server.pid, url: server.url, ended: server.ended };
  };
  const started = await Promise.allSettled(scripts.map(start));
  const failed = started.find((result) => result.status === "rejected");
  if (failed) {
    await stop();
    throw failed.reason;
  }
  const running = started.flatMap((result) => (result.status === "fulfilled" ? result.value : []));
  return {
    url: running.find(({ script }) => script.api)!.url,
    scripts: running.map(({ script, pid }) => ({ script, pid })),
    ended: Promise.race(running.map(({ ended }) => ended)),
    stop,
  };
}

function signOf({ api, core }: Script): Pick<DevServerOptions, "sign"> {
  if (!api) return { sign: NOTHING_HERE };
  return core ? {} : { sign: FOUND_CORE };
}
