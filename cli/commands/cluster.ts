import { Command } from "commander";
import { startCluster } from "../cluster.ts";
import { localTopology } from "../local-topology.ts";
import { integerArgument } from "../number-argument.ts";
import { planTable } from "../plan-table.ts";
import { divideIntoScripts } from "../scripts/divide.ts";
import type { Script } from "../scripts/script.ts";
import { type ServingOptions, say, serve, servingVars, withServingOptions } from "../serving.ts";

const NAME = "lapidary";
const MAX_PROCESSES = 64;

interface ClusterOptions extends ServingOptions {
  readonly processes: number;
}

export function clusterCommand(): Command {
  return withServingOptions(
    new Command("cluster").description(
      "serve a model from several workerd processes, so that several processor cores work on it at the same time",
    ),
  )
    .option(
      "--processes <count>",
      "workerd processes that hold parts of the model",
      integerArgument(1, MAX_PROCESSES),
      2,
    )
    .action(cluster);
}

async function cluster(options: ClusterOptions): Promise<void> {
  await serve(options, async ({ folder, manifest }, onOutput) => {
    const topology = localTopology(manifest, options.processes);
    say(planTable(topology.plan));
    const { port, processes } = options;
    const vars = { ...topology.vars, ...servingVars(options) };
    const scripts = divideIntoScripts(topology.plan, processes, NAME);
    const service = await startCluster({ scripts, port, assetsOf: () => folder, vars, onOutput });
    for (const { script } of service.scripts) say(describe(script));
    return service;
  });
}

function describe({ name, api, stages, vocabularyShards }: Script): string {
  const holds = [
    ...(api ? ["the API"] : []),
    ...(stages.length > 0 ? [`stages ${stages.join(", ")}`] : []),
    ...(vocabularyShards.length > 0 ? [`vocabulary shards ${vocabularyShards.join(", ")}`] : []),
  ];
  return `${name}: ${holds.join("; ")}`;
}
