import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { deployScripts, destroyScripts } from "../../cli/deploy/deploy.ts";
import { planDeployment } from "../../cli/deploy/deployment.ts";
import { type DeployState, newState, readState } from "../../cli/deploy/state.ts";
import type { Uploader } from "../../cli/deploy/wrangler.ts";
import { readManifest } from "../../cli/folder-source.ts";
import { type Plan, planModel } from "../../weights/plan.ts";

const model = fileURLToPath(new URL("../../weights/demo/model", import.meta.url));
const manifest = await readManifest(model);
const options = { budgetBytes: 100e6, contextTokens: 512, sessions: 1, chunkRows: 32, vocabularyShards: 2 };
const plan = planModel(manifest, { ...options, stages: 2 });
const base = { compatibility_date: "2030-01-01", compatibility_flags: [], rules: [], ratelimits: [] };
const ORDER = ["s-vocabulary-00", "s-vocabulary-01", "s-stage-01", "s-stage-00", "s-core", "s"];

/** In wrangler's place: notes what it is told, and fails where asked. */
class NotingUploader implements Uploader {
  readonly deployed: string[] = [];
  readonly deleted: string[] = [];
  readonly secrets = new Map<string, Readonly<Record<string, string>> | undefined>();
  failAt = "";

  async deploy(configPath: string, secrets: Readonly<Record<string, string>> | undefined): Promise<string[]> {
    const name = basename(configPath, ".json");
    if (name === this.failAt) throw new Error("the network went away");
    this.deployed.push(name);
    this.secrets.set(name, secrets);
    return name === "s" ? ["https://s.example.workers.dev"] : [];
  }

  async delete(scriptName: string): Promise<void> {
    if (scriptName === this.failAt) throw new Error("the network went away");
    this.deleted.push(scriptName);
  }
}

let folder: string;
let uploader: NotingUploader;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lapidary-deploy-test-"));
  uploader = new NotingUploader();
});
afterEach(() => rm(folder, { recursive: true }));

const uploadsOf = (planned: Plan = plan, vars: Record<string, string> = {}, codeHash = "code") =>
  planDeployment({ name: "s", manifest, manifestHash: "m", codeHash, plan: planned, base, vars, folder });
const deploy = (uploads = uploadsOf()) =>
  deployScripts({ uploads, state: readState(folder) ?? newState({}), folder, model, uploader, say: () => {} });

describe("deploying", () => {
  test("uploads what is bound before what binds it, and secrets to the API alone", async () => {
    const state = await deploy();
    expect(uploader.deployed).toEqual(ORDER);
    expect(state.url).toBe("https://s.example.workers.dev");
    const given = [...uploader.secrets].filter(([, secrets]) => secrets !== undefined);
    expect(given).toEqual([["s", state.secrets]]);
    expect(state.secrets.LAPIDARY_ADMIN_KEY).toMatch(/^[\w-]{43}$/);
    expect(statSync(join(folder, "state.json")).mode & 0o777).toBe(0o600);
  });

  test("goes on where it failed", async () => {
    uploader.failAt = "s-stage-00";
    await expect(deploy()).rejects.toThrow("the network went away");
    const { secrets } = readState(folder)!;
    uploader.failAt = "";
    const state = await deploy();
    expect(uploader.deployed).toEqual(ORDER);
    expect(state.secrets).toEqual(secrets);
  });

  test("leaves alone what has not changed", async () => {
    await deploy();
    uploader.deployed.length = 0;
    await deploy();
    expect(uploader.deployed).toEqual([]);
    await deploy(uploadsOf(plan, {}, "other code"));
    expect(uploader.deployed).toEqual(ORDER);
  });

  test("deletes the scripts of parts that there are no more", async () => {
    await deploy();
    const state = await deploy(uploadsOf(planModel(manifest, { ...options, stages: 1 })));
    expect(uploader.deleted).toEqual(["s-stage-01"]);
    expect(Object.keys(state.scripts).sort()).toEqual(ORDER.filter((name) => name !== "s-stage-01").sort());
  });

  test("takes secrets from the environment where they are set", () => {
    const LAPIDARY_KEY_SECRET = "k".repeat(40);
    expect(newState({ LAPIDARY_KEY_SECRET }).secrets.LAPIDARY_KEY_SECRET).toBe(LAPIDARY_KEY_SECRET);
  });
});

test("a script gets the manifest and the files its objects read, each file of the parts once over all scripts", async () => {
  await deploy();
  const filesOf = (script: string) => readdirSync(join(folder, `${script}-files`)).sort();
  expect(filesOf("s")).toEqual([manifest.licence.path, "manifest.json", manifest.tokenizer!.path].sort());
  expect(filesOf("s-core")).toEqual(["manifest.json", manifest.tokenizer!.path].sort());
  const parts = ORDER.slice(0, 4).flatMap((script) => filesOf(script).filter((file) => file !== "manifest.json"));
  expect(new Set(parts).size).toBe(parts.length);
  const all = readdirSync(model).filter((file) => /^(layer|table|final-norm)/.test(file));
  expect(parts.sort()).toEqual(all.sort());
  const config = JSON.parse(readFileSync(join(folder, "s-stage-01.json"), "utf8"));
  expect(existsSync(config.assets.directory)).toBe(true);
});

describe("destroying", () => {
  const destroy = (state: DeployState) => destroyScripts({ state, folder, uploader, say: () => {} });

  test("deletes what binds before what is bound, and goes on where it failed", async () => {
    const state = await deploy();
    uploader.failAt = "s-stage-00";
    await expect(destroy(state)).rejects.toThrow("the network went away");
    expect(uploader.deleted).toEqual(["s", "s-core"]);
    uploader.failAt = "";
    await destroy(readState(folder)!);
    expect(uploader.deleted).toEqual([...ORDER].reverse());
    expect(readState(folder)!.scripts).toEqual({});
  });
});
