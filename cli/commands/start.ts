import { Command } from "commander";
import { startDevServer } from "../dev-server.ts";
import { localTopology } from "../local-topology.ts";
import { planTable } from "../plan-table.ts";
import { type ServingOptions, say, serve, servingVars, withServingOptions } from "../serving.ts";

export function startCommand(): Command {
  return withServingOptions(
    new Command("start").description("serve a model on this machine (workerd), with a development tenant and key"),
  ).action(start);
}

async function start(options: ServingOptions): Promise<void> {
  await serve(options, async ({ folder, manifest }, onOutput) => {
    const topology = options.model ? localTopology(manifest) : null;
    if (topology) say(planTable(topology.plan));
    return await startDevServer({
      port: options.port,
      ...(topology && { model: folder }),
      vars: { ...topology?.vars, ...servingVars(options) },
      onOutput,
    });
  });
}
