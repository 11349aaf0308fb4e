import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { partBinding } from "../../functions/pipeline/part-binding.ts";
import { holdsParts, type Script } from "./script.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

const CORE_CLASSES = { CONDUCTOR: "Conductor", LEDGER: "Ledger", DIRECTORY: "Directory", RESPONSES: "ResponseStore" };
const PART_CLASSES = { STAGE: "Stage", VOCABULARY: "Vocabulary" };
/** A chunk of a prompt may take long, and every message renews this. */
const CPU_LIMIT_MS = 300_000;

/** What every script takes over from wrangler.toml. */
export interface ScriptBase {
  readonly compatibility_date?: string | undefined;
  readonly compatibility_flags: readonly string[];
  readonly rules: readonly object[];
  /** Of the API alone. */
  readonly ratelimits: readonly object[];
}

/** What the scripts of one service have in common. */
export interface Service {
  readonly scripts: readonly Script[];
  readonly base: ScriptBase;
  /** The folder of model files that a script reads. */
  readonly assetsOf: (script: Script) => string;
  readonly vars: Readonly<Record<string, string>>;
  /** In place of the API's own entry. */
  readonly entry?: string | undefined;
}

/**
 * wrangler's configuration of one script: its own classes, and bindings to those of other scripts that it calls. The API
 * calls the core, the core every part, a stage its helpers and the stage after it, the last stage every vocabulary shard;
 * nothing calls back, so scripts of one part each can be deployed from the ring's end to its beginning.
 */
export function scriptConfig(script: Script, { scripts, base, assetsOf, vars, entry }: Service): object {
  const { name, api, core } = script;
  const classes = { ...(core && CORE_CLASSES), ...(holdsParts(script) && PART_CLASSES) };
  const own = Object.entries(classes).map(([binding, className]) => ({ name: binding, class_name: className }));
  return {
    name,
    main: (api && entry) || join(root, entryOf(script)),
    compatibility_date: base.compatibility_date,
    compatibility_flags: base.compatibility_flags,
    rules: base.rules,
    send_metrics: false,
    workers_dev: api,
    preview_urls: false,
    limits: { cpu_ms: CPU_LIMIT_MS },
    assets: { directory: assetsOf(script), binding: "ASSETS", run_worker_first: true },
    durable_objects: { bindings: [...own, ...foreignBindings(script, scripts)] },
    ...(api && { ratelimits: base.ratelimits }),
    ...(own.length > 0 && { migrations: [{ tag: "v1", new_sqlite_classes: Object.values(classes) }] }),
    vars,
  };
}

function entryOf({ api, core }: Script): string {
  if (api) return core ? "functions/gateway.ts" : "functions/api-alone.ts";
  return core ? "functions/core.ts" : "functions/parts.ts";
}

/** Bindings of what `script` calls and other scripts hold. */
function foreignBindings({ name, api, core, stages }: Script, scripts: readonly Script[]): object[] {
  const lastStage = Math.max(...scripts.flatMap((other) => other.stages));
  const callsStage = (stage: number) => core || stages.includes(stage - 1);
  const callsShards = core || stages.includes(lastStage);
  return scripts
    .filter((other) => other.name !== name)
    .flatMap((other) => {
      const bind = (binding: string, className: string) => ({
        name: binding,
        class_name: className,
        script_name: other.name,
      });
      return [
        ...(api && other.core ? Object.entries(CORE_CLASSES).map(([binding, type]) => bind(binding, type)) : []),
        ...other.stages.filter(callsStage).map((group) => bind(partBinding({ group, replica: 0 }), PART_CLASSES.STAGE)),
        ...other.helpers
          .filter(({ stage }) => core || stages.includes(stage))
          .map(({ stage, part }) => bind(partBinding({ group: stage, replica: 0, part }), PART_CLASSES.STAGE)),
        ...other.vocabularyShards
          .filter(() => callsShards)
          .map((replica) => bind(partBinding({ group: "vocabulary", replica }), PART_CLASSES.VOCABULARY)),
      ];
    });
}
