import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { unstable_readConfig } from "wrangler";
import type { Plan } from "../weights/plan.ts";
import { type DevServer, startDevServer } from "./dev-server.ts";
import { divideIntoScripts, type Script, scriptConfig } from "./scripts-plan.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const NAME = "lapidary";
/** A script of parts has no API: this says that it runs. */
const NOTHING_HERE = { path: "/", status: 404 };

export interface ClusterOptions {
  /** The most; a model of few parts may take fewer. */
  readonly processes: number;
  /** Of the gateway; 0 takes any free port. */
  readonly port: number;
  /** The model folder. */
  readonly model: string;
  readonly plan: Plan;
  /** Overrides of wrangler.toml's [vars], for all scripts. */
  readonly vars: Readonly<Record<string, string>>;
  /** A module to serve instead of the gateway's. */
  readonly entry?: string;
  /** Where the gateway's objects keep their storage; default .wrangler/state, which `lapidary start` uses too. */
  readonly persistTo?: string;
  /** Gets what wrangler and the scripts print. */
  readonly onOutput?: (text: string) => void;
}

export interface Cluster {
  /** Of the gateway. */
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
  const { processes, port, model, plan, vars, entry, persistTo = join(root, ".wrangler/state"), onOutput } = options;
  const folder = await mkdtemp(join(tmpdir(), "lapidary-cluster-"));
  const scripts = divideIntoScripts(plan, processes, NAME);
  const base = unstable_readConfig({ config: join(root, "wrangler.toml") });
  const service = { scripts, base, model, entry, vars: { ...base.vars, ...vars } };
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
      port: script.gateway ? port : 0,
      persistTo: script.gateway ? persistTo : join(folder, script.name),
      ...(!script.gateway && { sign: NOTHING_HERE }),
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
    url: running[0]!.url,
    scripts: running.map(({ script, pid }) => ({ script, pid })),
    ended: Promise.race(running.map(({ ended }) => ended)),
    stop,
  };
}
