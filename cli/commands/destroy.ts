import { rmSync } from "node:fs";
import { Command } from "commander";
import { destroyScripts } from "../deploy/deploy.ts";
import { deploymentFolder, deploymentName } from "../deploy/deployment-name.ts";
import { readState } from "../deploy/state.ts";
import { Wrangler } from "../deploy/wrangler.ts";
import { say } from "../serving.ts";

/** `lapidary destroy`: deletes every script of a deployment made from here, with all that its objects store. */
export function destroyCommand(): Command {
  return new Command("destroy")
    .description("delete a deployment: every script, with tenants, keys and usage; cannot be undone")
    .option("--name <name>", "the deployment's name", deploymentName, "lapidary")
    .option("--yes", "do it; without this the scripts are only listed")
    .action(destroy);
}

async function destroy({ name, yes }: { readonly name: string; readonly yes?: boolean }): Promise<void> {
  const folder = deploymentFolder(name);
  const state = readState(folder);
  if (state === null) throw new Error(`Nothing named ${name} was deployed from here: there is no ${folder}.`);
  if (!yes) {
    say(`Would delete, with all that is stored there:\n${Object.keys(state.scripts).reverse().join("\n")}`);
    throw new Error("Nothing was deleted; --yes deletes them.");
  }
  await destroyScripts({ state, folder, uploader: new Wrangler(), say });
  rmSync(folder, { recursive: true });
  say(`${name} is gone.`);
}
