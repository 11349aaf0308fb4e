import { describe, expect, test } from "vitest";
import { divideIntoScripts, separateScripts } from "../../cli/scripts/divide.ts";
import type { Script } from "../../cli/scripts/script.ts";
import { scriptConfig } from "../../cli/scripts/script-config.ts";
import type { Plan } from "../../weights/plan.ts";

const MB = 1e6;

/** A plan of parts with so many bytes of weights. */
function planOf(stages: readonly number[], shards: readonly number[]): Plan {
  const bytes = (weights: number) => ({ weights, kv: 0, scratch: 0, total: weights });
  return {
    kvWindowTokens: 0,
    layerParts: 1,
    stages: stages.map((weights, firstLayer) => ({
      firstLayer,
      layerCount: 1,
      bytes: bytes(weights),
      parts: [bytes(weights)],
    })),
    vocabularyShards: shards.map((weights, index) => ({
      firstShard: index,
      shardCount: 1,
      rows: 1024,
      bytes: bytes(weights),
    })),
    isolates: stages.length + shards.length,
    hopsPerToken: 4 + stages.length,
    problems: [],
  };
}

const part = { api: false, core: false, stages: [], helpers: [], vocabularyShards: [] };

interface Config {
  readonly main: string;
  readonly durable_objects: { readonly bindings: { name: string; class_name: string; script_name?: string }[] };
  readonly migrations?: { readonly new_sqlite_classes: string[] }[];
}

function configsOf(scripts: readonly Script[]): Map<string, Config> {
  const base = { compatibility_date: "2030-01-01", compatibility_flags: [], rules: [], ratelimits: [] };
  const service = { scripts, base, assetsOf: () => "/models/demo", vars: { LAPIDARY_STAGES: "3" } };
  return new Map(scripts.map((script) => [script.name, scriptConfig(script, service) as Config]));
}

/** What a script binds in other scripts. */
const foreign = ({ durable_objects }: Config) =>
  durable_objects.bindings.flatMap(({ name, script_name }) => (script_name ? [`${name} in ${script_name}`] : []));

describe("scripts of one service", () => {
  test("take parts in ring order, about the same work each", () => {
    const scripts = divideIntoScripts(planOf([15 * MB, 15 * MB, 15 * MB, 15 * MB], [60 * MB, 60 * MB]), 3, "s");
    expect(scripts).toEqual([
      { name: "s", api: true, core: true, stages: [0, 1, 2], helpers: [], vocabularyShards: [] },
      { ...part, name: "s-parts-1", stages: [3], vocabularyShards: [0] },
      { ...part, name: "s-parts-2", vocabularyShards: [1] },
    ]);
  });

  test("are no more than there are parts for", () => {
    const scripts = divideIntoScripts(planOf([MB], [MB]), 5, "s");
    expect(scripts.filter(({ api }) => !api).length).toBeLessThanOrEqual(2);
    expect(scripts.flatMap(({ stages }) => stages)).toEqual([0]);
    expect(scripts.flatMap(({ vocabularyShards }) => vocabularyShards)).toEqual([0]);
  });

  test("bind what they call in other scripts: the gateway all parts, a stage what follows it", () => {
    const configs = configsOf(divideIntoScripts(planOf([MB, MB, MB], [2 * MB, 2 * MB, 2 * MB]), 3, "s"));
    expect(foreign(configs.get("s")!)).toEqual([
      "STAGE_2 in s-parts-1",
      "VOCABULARY_0 in s-parts-1",
      "VOCABULARY_1 in s-parts-2",
      "VOCABULARY_2 in s-parts-2",
    ]);
    expect(foreign(configs.get("s-parts-1")!)).toEqual(["VOCABULARY_1 in s-parts-2", "VOCABULARY_2 in s-parts-2"]);
    expect(foreign(configs.get("s-parts-2")!)).toEqual([]);
  });

  test("hold their own classes and migrations alone", () => {
    const parts: Script = { ...part, name: "parts", stages: [0], vocabularyShards: [0] };
    const gateway: Script = { ...part, name: "gateway", api: true, core: true };
    const configs = configsOf([gateway, parts]);
    expect(configs.get("gateway")!.migrations).toEqual([
      { tag: "v1", new_sqlite_classes: ["Conductor", "Ledger", "Directory", "ResponseStore"] },
    ]);
    expect(configs.get("parts")!.migrations).toEqual([{ tag: "v1", new_sqlite_classes: ["Stage", "Vocabulary"] }]);
    expect(configs.get("parts")!.main).toMatch(/functions\/parts\.ts$/);
  });
});

describe("a script for each isolate", () => {
  const scripts = separateScripts({ ...planOf([MB, MB], [MB, MB]), layerParts: 2 }, "s");
  const configs = configsOf(scripts);

  test("comes after those that it binds, which is the order to deploy in", () => {
    expect(scripts.map(({ name }) => name)).toEqual([
      ...["s-vocabulary-00", "s-vocabulary-01"],
      ...["s-stage-01-part-1", "s-stage-01", "s-stage-00-part-1", "s-stage-00"],
      ...["s-core", "s"],
    ]);
    for (const [index, { name }] of scripts.entries()) {
      const before = scripts.slice(0, index).map((script) => script.name);
      const bound = configs.get(name)!.durable_objects.bindings.flatMap(({ script_name }) => script_name ?? []);
      expect(before).toEqual(expect.arrayContaining(bound));
    }
  });

  test("lets the API call the core, the core everything, a stage its helpers and what follows", () => {
    expect(foreign(configs.get("s")!)).toEqual(
      ["CONDUCTOR", "LEDGER", "DIRECTORY", "RESPONSES"].map((binding) => `${binding} in s-core`),
    );
    expect(foreign(configs.get("s-core")!)).toHaveLength(6);
    expect(foreign(configs.get("s-stage-00")!)).toEqual([
      "STAGE_1 in s-stage-01",
      "STAGE_0_PART_1 in s-stage-00-part-1",
    ]);
    expect(foreign(configs.get("s-stage-01")!).sort()).toEqual([
      "STAGE_1_PART_1 in s-stage-01-part-1",
      "VOCABULARY_0 in s-vocabulary-00",
      "VOCABULARY_1 in s-vocabulary-01",
    ]);
  });

  test("keeps objects out of the API's script, so that deploying it resets none", () => {
    expect(configs.get("s")!.migrations).toBeUndefined();
    expect(configs.get("s")!.main).toMatch(/functions\/api-alone\.ts$/);
    expect(configs.get("s-core")!.main).toMatch(/functions\/core\.ts$/);
  });
});
