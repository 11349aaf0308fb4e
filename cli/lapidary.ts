import { Command } from "commander";
import { benchCommand } from "./commands/bench.ts";
import { chatCommand } from "./commands/chat.ts";
import { clusterCommand } from "./commands/cluster.ts";
import { compareCommand } from "./commands/compare.ts";
import { conformCommand } from "./commands/conform.ts";
import { convertCommand } from "./commands/convert.ts";
import { deployCommand } from "./commands/deploy.ts";
import { destroyCommand } from "./commands/destroy.ts";
import { generateCommand } from "./commands/generate.ts";
import { inspectCommand } from "./commands/inspect.ts";
import { keyCommand } from "./commands/key.ts";
import { keysCommand } from "./commands/keys.ts";
import { logitsCommand } from "./commands/logits.ts";
import { planCommand } from "./commands/plan.ts";
import { scoreCommand } from "./commands/score.ts";
import { startCommand } from "./commands/start.ts";
import { tenantsCommand } from "./commands/tenants.ts";
import { tokenizeCommand } from "./commands/tokenize.ts";

const program = new Command("lapidary")
  .description("Gemma, cut for the edge: convert, inspect, plan and serve 4-bit models on Durable Objects.")
  .showHelpAfterError("(lapidary COMMAND --help says more)")
  .addCommand(startCommand())
  .addCommand(clusterCommand())
  .addCommand(keyCommand())
  .addCommand(chatCommand())
  .addCommand(tenantsCommand())
  .addCommand(keysCommand())
  .addCommand(convertCommand())
  .addCommand(inspectCommand())
  .addCommand(planCommand())
  .addCommand(tokenizeCommand())
  .addCommand(logitsCommand())
  .addCommand(generateCommand())
  .addCommand(scoreCommand())
  .addCommand(compareCommand())
  .addCommand(conformCommand())
  .addCommand(benchCommand())
  .addCommand(deployCommand())
  .addCommand(destroyCommand());

// A closed pipe (`lapidary … | head`) is the reader's choice, not a failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${describe(error)}\n`);
  process.exitCode = 1;
}

/** An error's message and those of its causes, without stacks unless LAPIDARY_DEBUG is set. */
function describe(error: unknown): string {
  if (process.env.LAPIDARY_DEBUG || !(error instanceof Error))
    return error instanceof Error ? (error.stack ?? String(error)) : String(error);
  const cause =
    error.cause instanceof Error && !error.message.includes(error.cause.message)
      ? `\n  because: ${describe(error.cause)}`
      : "";
  return `${error.name === "Error" ? "error" : error.name}: ${error.message}${cause}`;
}
