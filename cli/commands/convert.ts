import { Command, InvalidArgumentError, Option } from "commander";
import { convert } from "../../weights/convert.ts";
import { WeightsError } from "../../weights/errors.ts";
import { needsCalibration } from "../../weights/layer-writer.ts";
import type { Method } from "../../weights/quantise/method.ts";
import { LEAST_BITS_PER_WEIGHT } from "../../weights/quantise/mixed.ts";
import { calibrationSource, SHIPPED_TEXT } from "../calibration.ts";
import { withProgress } from "../progress.ts";

/** GPTQ has to know how columns go together; a column's mean square is known from fewer tokens. */
const CALIBRATION_TOKENS: Record<Method, number> = { round: 2000, search: 2000, gptq: 10_000 };

interface ConvertCommandOptions {
  name?: string;
  chatTemplate?: "gemma" | "none";
  licence?: string;
  created?: number;
  method: Method;
  bitsPerWeight: number;
  calibrate?: string;
  calibrationTokens?: number;
  resume?: boolean;
  force?: boolean;
}

/** `lapidary convert CHECKPOINT FOLDER`. */
export function convertCommand(): Command {
  return new Command("convert")
    .description("convert a Gemma checkpoint to a model folder (4-bit layers unless told otherwise, 8-bit table)")
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
    .addOption(
      new Option("--method <name>", "how layers are rounded: to nearest, with searched scales, or by GPTQ")
        .choices(["round", "search", "gptq"])
        .default("round"),
    )
    .option(
      "--bits-per-weight <bits>",
      "mean over the layers' matrices, 4.5 (all in 4 bits) to 8.5 (all in 8); between, those that gain most get 8",
      bits,
      LEAST_BITS_PER_WEIGHT,
    )
    .option("--calibrate <file>", "text that shows what activations look like, texts apart by --- (default: our own)")
    .option(
      "--calibration-tokens <count>",
      "tokens of it that are used at most (default: 10000 for gptq, else 2000)",
      tokenCount,
    )
    .option("--resume", "go on with a calibrated conversion to this folder that was stopped")
    .option("--force", "replace the model folder if it exists")
    .action(async (checkpoint: string, target: string, options: ConvertCommandOptions) => {
      const startMs = performance.now();
      const stop = new AbortController();
      process.once("SIGINT", () =>
        stop.abort(new WeightsError("stopped; a calibrated conversion goes on with --resume")),
      );
      const quantisation = { method: options.method, bitsPerWeight: options.bitsPerWeight };
      const calibration = needsCalibration(quantisation)
        ? await calibrationSource(
            options.calibrate ?? SHIPPED_TEXT,
            options.calibrationTokens ?? CALIBRATION_TOKENS[options.method],
          )
        : undefined;
      const manifest = await withProgress((onProgress) =>
        convert({
          checkpoint,
          target,
          name: options.name,
          createdSeconds: options.created,
          chatTemplate: options.chatTemplate,
          licencePath: options.licence,
          quantisation,
          calibration,
          resume: options.resume,
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

function bits(text: string): number {
  if (!/^\d(\.\d{1,3})?$/.test(text)) throw new InvalidArgumentError("Expected a number such as 4.5 or 5.7.");
  return Number(text);
}

function tokenCount(text: string): number {
  if (!/^[1-9]\d{1,6}$/.test(text)) throw new InvalidArgumentError("Expected 10 tokens or more.");
  return Number(text);
}

function unixSeconds(text: string): number {
  if (!/^\d{1,12}$/.test(text)) throw new InvalidArgumentError("Expected whole seconds since 1970.");
  return Number(text);
}
