import { createHash } from "node:crypto";
import { copyFileSync, linkSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MANIFEST_FILE, type Manifest, type ModelFile } from "../../weights/manifest.ts";
import { sumBytes } from "../../weights/manifest-files.ts";
import type { Plan } from "../../weights/plan.ts";
import { separateScripts } from "../scripts/divide.ts";
import type { Script } from "../scripts/script.ts";
import { type ScriptBase, scriptConfig } from "../scripts/script-config.ts";

/** A script ready to be uploaded. */
export interface ScriptUpload {
  readonly script: Script;
  readonly config: object;
  /** What it takes of the model folder, beside the manifest. */
  readonly files: readonly ModelFile[];
  readonly bytes: number;
  /** Changes whenever what would be uploaded does. */
  readonly fingerprint: string;
}

export interface DeploymentOptions {
  readonly name: string;
  readonly manifest: Manifest;
  /** SHA-256 of the manifest's bytes, and of all code. */
  readonly manifestHash: string;
  readonly codeHash: string;
  readonly plan: Plan;
  readonly base: ScriptBase;
  readonly vars: Readonly<Record<string, string>>;
  /** Where configurations and the folders of the scripts' files go. */
  readonly folder: string;
}

/** Everything a service is made of, in the order to upload it in. */
export function planDeployment(options: DeploymentOptions): ScriptUpload[] {
  const { name, manifest, manifestHash, codeHash, plan, base, vars, folder } = options;
  const scripts = separateScripts(plan, name);
  const service = { scripts, base, vars, assetsOf: (script: Script) => assetsFolder(folder, script) };
  return scripts.map((script) => {
    const config = scriptConfig(script, service);
    const fingerprint = createHash("sha256")
      .update(JSON.stringify([scriptConfig(script, { ...service, assetsOf: () => "" }), manifestHash, codeHash]))
      .digest("hex");
    const files = filesOf(script, manifest, plan);
    return { script, config, files, bytes: sumBytes(files), fingerprint };
  });
}

const assetsFolder = (folder: string, { name }: Script) => join(folder, `${name}-files`);

/** Writes a script's configuration and links its files beside it; returns the configuration's path. */
export function stageUpload({ script, config, files }: ScriptUpload, model: string, folder: string): string {
  const assets = assetsFolder(folder, script);
  rmSync(assets, { recursive: true, force: true });
  mkdirSync(assets, { recursive: true });
  for (const path of [MANIFEST_FILE, ...files.map((file) => file.path)]) link(join(model, path), join(assets, path));
  const path = join(folder, `${script.name}.json`);
  writeFileSync(path, JSON.stringify(config, null, 2));
  return path;
}

/** A hard link, or a copy where the two are on different disks. */
function link(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}

/** The files of a model folder that a script's objects read. */
function filesOf(
  { api, core, stages, helpers, vocabularyShards }: Script,
  manifest: Manifest,
  plan: Plan,
): ModelFile[] {
  const layers = [...stages, ...helpers.map(({ stage }) => stage)].flatMap((stage) => {
    const { firstLayer, layerCount } = plan.stages[stage]!;
    return manifest.layers.slice(firstLayer, firstLayer + layerCount);
  });
  const norms = stages.includes(plan.stages.length - 1) ? [manifest.finalNorm] : [];
  const tables = vocabularyShards.flatMap((shard) => {
    const { firstShard, shardCount } = plan.vocabularyShards[shard]!;
    return manifest.table.shards.slice(firstShard, firstShard + shardCount);
  });
  return [
    ...[...layers, ...norms].flatMap(({ graph, data }) => [graph, ...data]),
    ...tables.flatMap(({ embed, head, data }) => [embed, head, ...data]),
    ...((api || core) && manifest.tokenizer ? [manifest.tokenizer] : []),
    ...(api ? [manifest.licence] : []),
  ];
}
