import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { partBinding } from "../functions/pipeline/part-binding.ts";
import type { Plan } from "../weights/plan.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const GATEWAY_ENTRY = "functions/gateway.ts";
const PARTS_ENTRY = "functions/parts.ts";

const CORE_CLASSES = { CONDUCTOR: "Conductor", LEDGER: "Ledger", DIRECTORY: "Directory" };
const PART_CLASSES = { STAGE: "Stage", VOCABULARY: "Vocabulary" };

/** One of the scripts that a service is cut into. */
export interface Script {
  readonly name: string;
  /** Whether it holds the API and the objects that are no parts of the model; one script of a service does. */
  readonly gateway: boolean;
  readonly stages: readonly number[];
  readonly vocabularyShards: readonly number[];
}

/** What every script takes over from wrangler.toml. */
export interface ScriptBase {
  readonly compatibility_date?: string | undefined;
  readonly compatibility_flags: readonly string[];
  readonly rules: readonly object[];
  /** Of the gateway alone. */
  readonly ratelimits: readonly object[];
}

/** What the scripts of one service have in common. */
export interface Service {
  readonly scripts: readonly Script[];
  readonly base: ScriptBase;
  /** The model folder, served to all scripts. */
  readonly model: string;
  readonly vars: Readonly<Record<string, string>>;
  /** In place of the gateway's own entry. */
  readonly entry?: string | undefined;
}

/**
 * Cuts a service into at most `count` scripts, the gateway's first: each takes parts that follow each other in the ring,
 * and about the same bytes of weights, which is what a step costs.
 */
export function divideIntoScripts(plan: Plan, count: number, name: string): Script[] {
  const parts = [
    ...plan.stages.map(({ bytes }, stage) => ({ stage, weights: bytes.weights })),
    ...plan.vocabularyShards.map(({ bytes }, shard) => ({ shard, weights: bytes.weights })),
  ];
  const total = parts.reduce((sum, { weights }) => sum + weights, 0);
  const groups = Array.from({ length: count }, () => ({ stages: [] as number[], vocabularyShards: [] as number[] }));
  let before = 0;
  for (const part of parts) {
    const middle = before + part.weights / 2;
    const { stages, vocabularyShards } = groups[Math.floor((count * middle) / total)]!;
    if ("stage" in part) stages.push(part.stage);
    else vocabularyShards.push(part.shard);
    before += part.weights;
  }
  const [first, ...others] = groups;
  const filled = others.filter(({ stages, vocabularyShards }) => stages.length + vocabularyShards.length > 0);
  return [
    { name, gateway: true, ...first! },
    ...filled.map((group, index) => ({ name: `${name}-parts-${index + 1}`, gateway: false, ...group })),
  ];
}

/**
 * wrangler's configuration of one script: its own classes, and bindings to those of other scripts that it calls. The
 * gateway calls every part, a stage the one after it, the last stage every vocabulary shard; nothing calls back, so
 * scripts of one part each can be deployed from the ring's end to its beginning.
 */
export function scriptConfig(script: Script, { scripts, base, model, vars, entry }: Service): object {
  const { name, gateway, stages, vocabularyShards } = script;
  const classes = {
    ...(gateway && CORE_CLASSES),
    ...(stages.length + vocabularyShards.length > 0 && PART_CLASSES),
  };
  const own = Object.entries(classes).map(([binding, className]) => ({ name: binding, class_name: className }));
  return {
    name,
    main: gateway ? (entry ?? join(root, GATEWAY_ENTRY)) : join(root, PARTS_ENTRY),
    compatibility_date: base.compatibility_date,
    compatibility_flags: base.compatibility_flags,
    rules: base.rules,
    send_metrics: false,
    workers_dev: gateway,
    assets: { directory: model, binding: "ASSETS", run_worker_first: true },
    durable_objects: { bindings: [...own, ...foreignBindings(script, scripts)] },
    ...(gateway && { ratelimits: base.ratelimits }),
    migrations: [{ tag: "v1", new_sqlite_classes: Object.values(classes) }],
    vars,
  };
}

/** Bindings of the parts that `script` calls and other scripts hold. */
function foreignBindings({ name, gateway, stages }: Script, scripts: readonly Script[]): object[] {
  const lastStage = Math.max(...scripts.flatMap((other) => other.stages));
  const callsStage = (stage: number) => gateway || stages.includes(stage - 1);
  const callsShards = gateway || stages.includes(lastStage);
  return scripts
    .filter((other) => other.name !== name)
    .flatMap((other) => [
      ...other.stages.filter(callsStage).map((group) => ({
        name: partBinding({ group, replica: 0 }),
        class_name: PART_CLASSES.STAGE,
        script_name: other.name,
      })),
      ...other.vocabularyShards
        .filter(() => callsShards)
        .map((replica) => ({
          name: partBinding({ group: "vocabulary", replica }),
          class_name: PART_CLASSES.VOCABULARY,
          script_name: other.name,
        })),
    ]);
}
