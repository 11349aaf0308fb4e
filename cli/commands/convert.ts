import { Presets, SingleBar } from "cli-progress";
import { Command, InvalidArgumentError, Option } from "commander";
import { convert } from "../../weights/convert.ts";
import type { Manifest } from "../../weights/manifest.ts";

const MEGABYTE = 1e6;

/** Exits with status 130, as a shell expects of a command that Ctrl-C ended; the finished part is a temporary folder. */
export function convertCommand(): Command {
  return new Command("convert")
    .description("Convert a Hugging Face checkpoint of Gemma 1 to a model folder (4-bit layers, 8-bit table).")
    .argument("<checkpoint>", "folder with config.json, *.safetensors and tokenizer.model")
    .argument("<folder>", "model folder to write")
    .option("--name <id>", "model id clients use (default: the checkpoint folder's name)")
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
      const bar = new SingleBar(
        { clearOnComplete: true, format: "{bar} {percentage} % | {value} of {total} MB | {eta_formatted}" },
        Presets.shades_classic,
      );
      const inTerminal = process.stderr.isTTY === true;
      let manifest: Manifest;
      try {
        manifest = await convert({
          checkpoint,
          target,
          name: options.name,
          createdSeconds: options.created,
          chatTemplate: options.chatTemplate,
          licencePath: options.licence,
          replace: options.force,
          onWarning: (text) => process.stderr.write(`warning: ${text}\n`),
          onProgress: (doneBytes, totalBytes) => {
            if (!inTerminal) return;
            const [done, total] = [doneBytes, totalBytes].map((bytes) => Math.round(bytes / MEGABYTE)) as [
              number,
              number,
            ];
            if (bar.isActive) bar.update(done);
            else bar.start(total, done);
          },
        });
      } finally {
        bar.stop();
      }
      const seconds = (performance.now() - startMs) / 1000;
      process.stdout.write(
        `${target}: ${manifest.name}, ${manifest.layers.length} layers, ${manifest.table.shards.length} table shards, ` +
          `chat template ${manifest.chatTemplate ?? "none"}, ${seconds.toFixed(1)} s\n`,
      );
    });
}

interface ConvertCommandOptions {
  name?: string;
  chatTemplate?: "gemma" | "none";
  licence?: string;
  created?: number;
  force?: boolean;
}

function unixSeconds(text: string): number {
  if (!/^\d{1,12}$/.test(text)) throw new InvalidArgumentError("expected whole seconds since 1970");
  return Number(text);
}
