import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { buildKernels } from "../../runtime/simd/kernels/build.mjs";
import { MANIFEST_FILE } from "../../weights/manifest.ts";
import { planModel } from "../../weights/plan.ts";
import { hashCode } from "../deploy/code-hash.ts";
import { estimateCost } from "../deploy/cost.ts";
import { deployScripts } from "../deploy/deploy.ts";
import { planDeployment, type ScriptUpload, stageUpload } from "../deploy/deployment.ts";
import { deploymentFolder, deploymentName } from "../deploy/deployment-name.ts";
import { firstKey, smokeTest } from "../deploy/smoke-test.ts";
import { type DeployState, newState, readState, writeState } from "../deploy/state.ts";
import { dryRun, Wrangler } from "../deploy/wrangler.ts";
import { readManifest } from "../folder-source.ts";
import { integerArgument } from "../number-argument.ts";
import { pipelineVars, WINDOW_SESSIONS_HELP } from "../pipeline-vars.ts";
import { planTable } from "../plan-table.ts";
import { readScriptBase } from "../scripts/script-base.ts";
import { say } from "../serving.ts";
import { table } from "../table.ts";

const MEGABYTE = 1e6;
const DEFAULT_CONTEXT_TOKENS = 8192;

interface DeployOptions {
  readonly name: string;
  readonly budgetMb: number;
  readonly context?: number;
  readonly sessions: number;
  readonly windowSessions?: number;
  readonly chunkRows: number;
  readonly tenant: string;
  readonly dryRun?: boolean;
}

/** `lapidary deploy FOLDER`: a script for each part of a model, on the account that wrangler is logged in to. */
export function deployCommand(): Command {
  return new Command("deploy")
    .description(
      "deploy a model to Cloudflare: a script for each part, the API last; what has not changed is left alone",
    )
    .argument("<folder>", "model folder")
    .option("--name <name>", "what the scripts' names begin with", deploymentName, "lapidary")
    .option("--dry-run", "say what would be done and what it would cost, check it with wrangler, and upload nothing")
    .option("--budget-mb <megabytes>", "memory of one isolate, everything together", integerArgument(10, 128), 100)
    .option(
      "--context <tokens>",
      `tokens of a session (default: the model's, at most ${DEFAULT_CONTEXT_TOKENS})`,
      count,
    )
    .option("--sessions <count>", "sessions whose whole context a stage holds at once", count, 1)
    .option("--window-sessions <count>", WINDOW_SESSIONS_HELP, count)
    .option("--chunk-rows <rows>", "the most rows of a frame", integerArgument(1, 1024), 32)
    .option("--tenant <tenant>", "who gets the first key", "first")
    .action(deploy);
}

const count = integerArgument(1, 1e6);

async function deploy(folder: string, options: DeployOptions): Promise<void> {
  const model = resolve(folder);
  const manifest = await readManifest(model);
  const { name, chunkRows, sessions, windowSessions } = options;
  const contextTokens =
    options.context ?? Math.min(DEFAULT_CONTEXT_TOKENS, manifest.architecture.maxPositionEmbeddings);
  const budgetBytes = options.budgetMb * MEGABYTE;
  const plan = planModel(manifest, { budgetBytes, contextTokens, sessions, windowSessions, chunkRows });
  if (plan.problems.length > 0) throw new Error(`${manifest.name} does not fit: ${plan.problems.join("; ")}`);
  await buildKernels();
  const base = await readScriptBase();
  const state = deploymentFolder(name);
  const uploads = planDeployment({
    ...{ name, manifest, plan, base, folder: state },
    vars: { ...base.vars, ...pipelineVars(plan, contextTokens * sessions, chunkRows) },
    manifestHash: createHash("sha256")
      .update(readFileSync(join(model, MANIFEST_FILE)))
      .digest("hex"),
    codeHash: hashCode(),
  });
  const known = readState(state);
  say(planTable(plan));
  say(uploadTable(uploads, known));
  const cost = estimateCost(plan);
  say(
    `${cost.objects} objects; by estimate ${Math.round(cost.tokenMs)} ms a token alone, ` +
      `$${cost.dollarsPerMillionTokens.toFixed(2)} a million tokens with one stream at a time (n streams that share frames: ` +
      `up to n times less), $${cost.warmDollarsPerMonth.toFixed(0)} a month if its links were never closed\n`,
  );
  if (options.dryRun) return await check(uploads, known, model, state);
  await upload(uploads, known ?? newState(process.env), model, options);
}

async function check(uploads: readonly ScriptUpload[], known: DeployState | null, model: string, folder: string) {
  for (const secret of ["LAPIDARY_KEY_SECRET", "LAPIDARY_ADMIN_KEY"])
    if (!known && !process.env[secret]) say(`${secret} is not set here: deploying would make one.`);
  if (!process.env.CLOUDFLARE_API_TOKEN) say("CLOUDFLARE_API_TOKEN is not set here: wrangler must be logged in.");
  mkdirSync(folder, { recursive: true });
  // Scripts of one entry differ in names and files alone.
  const kinds = Map.groupBy(uploads, ({ config }) => (config as { main: string }).main);
  for (const [upload] of kinds.values()) {
    await dryRun(stageUpload(upload!, model, folder));
    say(`wrangler would take ${upload!.script.name}`);
  }
  say("\nNothing was uploaded.");
}

async function upload(uploads: readonly ScriptUpload[], state: DeployState, model: string, options: DeployOptions) {
  const folder = deploymentFolder(options.name);
  const deployed = await deployScripts({ uploads, state, folder, model, uploader: new Wrangler(), say });
  const { url } = deployed;
  if (url === null)
    throw new Error(
      `wrangler told no address of ${options.name}: give it a route or a workers.dev name, and deploy again`,
    );
  await smokeTest(url, deployed, say);
  say(`\nDeployed: ${url}\nThe admin key is in ${join(folder, "state.json")}; keep it, and nobody else should.`);
  if (deployed.firstKey) return;
  const key = await firstKey(url, deployed, options.tenant);
  writeState(folder, { ...deployed, firstKey: true });
  say(`\nThe first key, shown this once:\nexport OPENAI_BASE_URL=${url}/v1 OPENAI_API_KEY=${key}`);
}

function uploadTable(uploads: readonly ScriptUpload[], known: DeployState | null): string {
  return table(
    uploads.map(({ script, files, bytes, fingerprint }, index) => ({
      order: index + 1,
      script: script.name,
      files: files.length + 1,
      MB: (bytes / MEGABYTE).toFixed(1),
      public: script.api ? "yes" : "no",
      now: known?.scripts[script.name] === fingerprint ? "deployed" : known?.scripts[script.name] ? "changed" : "new",
    })),
  );
}
