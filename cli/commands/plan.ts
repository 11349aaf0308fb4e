import { Command, InvalidArgumentError, Option } from "commander";
import type { KvBits } from "../../weights/packed-sizes.ts";
import { DEFAULT_LOGIT_ROWS, planModel } from "../../weights/plan.ts";
import { JS_HEAP_BYTES, WASM_CODE_BYTES } from "../../weights/plan-memory.ts";
import { readManifest } from "../folder-source.ts";
import { WINDOW_SESSIONS_HELP } from "../pipeline-vars.ts";
import { planTable } from "../plan-table.ts";

const MEGABYTE = 1e6;

interface PlanCommandOptions {
  budgetMb: number;
  context?: number;
  sessions: number;
  windowSessions?: number;
  chunkRows: number;
  logitRows: number;
  kvBits: "8" | "16" | "32";
  layerParts?: number;
  stages?: number;
  vocabularyShards?: number;
  json?: boolean;
}

/** `lapidary plan FOLDER`; exit code 1 when a part does not fit. */
export function planCommand(): Command {
  return new Command("plan")
    .description("cut a model into stages and vocabulary shards under a memory budget per isolate")
    .argument("<folder>", "model folder")
    .option("--budget-mb <megabytes>", "memory of one isolate, everything together (10⁶ bytes)", whole, 100)
    .option("--context <tokens>", "KV tokens of a session (default: the model's context)", whole)
    .option("--sessions <count>", "sessions whose whole context a stage holds at once", whole, 1)
    .option("--window-sessions <count>", WINDOW_SESSIONS_HELP, whole)
    .option("--chunk-rows <rows>", "the most rows of a frame", whole, 32)
    .option(
      "--logit-rows <rows>",
      "the most rows a vocabulary shard computes logits of at once",
      whole,
      DEFAULT_LOGIT_ROWS,
    )
    .addOption(
      new Option("--kv-bits <bits>", "bits of a number in the KV cache").choices(["8", "16", "32"]).default("8"),
    )
    .option("--layer-parts <count>", "objects each layer is split over (default: the fewest that fit)", whole)
    .option("--stages <count>", "this many stages (default: the fewest that fit)", whole)
    .option("--vocabulary-shards <count>", "this many vocabulary shards (default: the fewest that fit)", whole)
    .option("--json", "print one JSON object")
    .action(async (folder: string, options: PlanCommandOptions) => {
      const manifest = await readManifest(folder);
      const contextTokens = options.context ?? manifest.architecture.maxPositionEmbeddings;
      const plan = planModel(manifest, {
        budgetBytes: options.budgetMb * MEGABYTE,
        contextTokens,
        sessions: options.sessions,
        windowSessions: options.windowSessions,
        chunkRows: options.chunkRows,
        logitRows: options.logitRows,
        kvBits: Number(options.kvBits) as KvBits,
        layerParts: options.layerParts,
        stages: options.stages,
        vocabularyShards: options.vocabularyShards,
      });
      const title =
        `${manifest.name}: ${options.sessions} × ${contextTokens} KV tokens of ${options.kvBits} bits, frames of ${options.chunkRows} rows, ` +
        `${options.budgetMb} MB an isolate (${(JS_HEAP_BYTES + WASM_CODE_BYTES) / MEGABYTE} MB of it for JavaScript and code)`;
      process.stdout.write(options.json ? `${JSON.stringify(plan)}\n` : `${title}\n\n${planTable(plan)}`);
      for (const problem of plan.problems) process.stderr.write(`does not fit: ${problem}\n`);
      if (plan.problems.length > 0) process.exitCode = 1;
    });
}

function whole(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("Expected a positive whole number.");
  return Number(text);
}
