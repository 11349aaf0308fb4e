import { Command, InvalidArgumentError, Option } from "commander";
import { convert } from "../../weights/convert.ts";
import { WeightsError } from "../../weights/errors.ts";
import { withProgress } from "../progress.ts";

interface ConvertCommandOptions {
  name?: string;
  chatTemplate?: "gemma" | "none";
  licence?: string;
  created?: number;
  force?: boolean;
}

/** `lapidary convert CHECKPOINT FOLDER`. */
export function convertCommand(): Command {
  return new Command("convert")
    .description("convert a Gemma checkpoint to a model folder (4-bit layers, 8-bit table)")
    .argument(
      "<checkpoint>",
      "folder with config.json, *.safetensors and tokenizer.model or tokenizer.json; or a GGUF file",
    )
    .argument("<folder>", "model folder to write")
    .option("--name <id>", "model id that clients use (default: the checkpoint's name)")
    .addOption(
      new Option("--chat-template <kind>", "what the model was tuned for (default: what the checkpoint says)").choices([
        "gemma",
        "none",
      ]),
    )
    .option("--licence <file>", "licence to put beside the weights (default: the checkpoint's, else Gemma's notice)")
    .option("--created <seconds>", "date of the model in Unix seconds (default: 0, unknown)", unixSeconds)
    .option("--force", "replace the model folder if it exists")
    .action(async (checkpoint: string, target: string, options: ConvertCommandOptions) => {
      const startMs = performance.now();
      const stop = new AbortController();
      process.once("SIGINT", () => stop.abort(new WeightsError("stopped; nothing was written")));
      const manifest = await withProgress((onProgress) =>
        convert({
          checkpoint,
          target,
          name: options.name,
          createdSeconds: options.created,
          chatTemplate: options.chatTemplate,
          licencePath: options.licence,
          replace: options.force,
          onWarning: (text) => process.stderr.write(`warning: ${text}\n`),
          onProgress,
          signal: stop.signal,
        }),
      );
      const seconds = (performance.now() - startMs) / 1000;
      process.stdout.write(
        `${target}: ${manifest.name}, ${manifest.layers.length} layers, ${manifest.table.shards.length} table shards, ` +
          `chat template ${manifest.chatTemplate ?? "none"}, in ${seconds.toFixed(1)} s\n`,
      );
    });
}

function unixSeconds(text: string): number {
  if (!/^\d{1,12}$/.test(text)) throw new InvalidArgumentError("Expected whole seconds since 1970.");
  return Number(text);
}
