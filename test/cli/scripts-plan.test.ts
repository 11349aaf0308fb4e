import { describe, expect, test } from "vitest";
import { divideIntoScripts, type Script, scriptConfig } from "../../cli/scripts-plan.ts";
import type { Plan } from "../../weights/plan.ts";

const MB = 1e6;

/** A plan of parts with so many bytes of weights. */
function planOf(stages: readonly number[], shards: readonly number[]): Plan {
  const bytes = (weights: number) => ({ weights, kv: 0, scratch: 0, total: weights });
  return {
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

interface Config {
  readonly main: string;
  readonly durable_objects: { readonly bindings: { name: string; class_name: string; script_name?: string }[] };
  readonly migrations: { readonly new_sqlite_classes: string[] }[];
}

function configsOf(scripts: readonly Script[]): Map<string, Config> {
  const base = { compatibility_date: "2030-01-01", compatibility_flags: [], rules: [], ratelimits: [] };
  const service = { scripts, base, model: "/models/demo", vars: { LAPIDARY_STAGES: "3" } };
  return new Map(scripts.map((script) => [script.name, scriptConfig(script, service) as Config]));
}

/** What a script binds in other scripts. */
const foreign = ({ durable_objects }: Config) =>
  durable_objects.bindings.flatMap(({ name, script_name }) => (script_name ? [`${name} in ${script_name}`] : []));

describe("scripts of one service", () => {
  test("take parts in ring order, about the same bytes each", () => {
    const scripts = divideIntoScripts(planOf([30 * MB, 30 * MB, 30 * MB, 30 * MB], [60 * MB, 60 * MB]), 3, "s");
    expect(scripts).toEqual([
      { name: "s", gateway: true, stages: [0, 1, 2], vocabularyShards: [] },
      { name: "s-parts-1", gateway: false, stages: [3], vocabularyShards: [0] },
      { name: "s-parts-2", gateway: false, stages: [], vocabularyShards: [1] },
    ]);
  });

  test("are no more than there are parts for", () => {
    const scripts = divideIntoScripts(planOf([MB], [MB]), 5, "s");
    expect(scripts.filter(({ gateway }) => !gateway).length).toBeLessThanOrEqual(2);
    expect(scripts.flatMap(({ stages }) => stages)).toEqual([0]);
    expect(scripts.flatMap(({ vocabularyShards }) => vocabularyShards)).toEqual([0]);
  });

  test("bind what they call in other scripts: the gateway all parts, a stage what follows it", () => {
    const configs = configsOf(divideIntoScripts(planOf([MB, MB, MB], [MB, MB, MB]), 3, "s"));
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
    const parts: Script = { name: "parts", gateway: false, stages: [0], vocabularyShards: [0] };
    const gateway: Script = { name: "gateway", gateway: true, stages: [], vocabularyShards: [] };
    const configs = configsOf([gateway, parts]);
    expect(configs.get("gateway")!.migrations).toEqual([
      { tag: "v1", new_sqlite_classes: ["Conductor", "Ledger", "Directory"] },
    ]);
    expect(configs.get("parts")!.migrations).toEqual([{ tag: "v1", new_sqlite_classes: ["Stage", "Vocabulary"] }]);
    expect(configs.get("parts")!.main).toMatch(/functions\/parts\.ts$/);
  });
});
