/**
 * Runs EleutherAI's lm-evaluation-harness against a server of ours over the small task beside this file, and compares
 * each log-likelihood it got with the model run in this process. Ends with 1 when one differs by more than 1e-3, or when
 * the two disagree on whether a continuation is the most probable one. docs/evaluate.md says how to install the harness.
 * `node test/evaluate/run.ts --lm-eval VENV/bin/lm_eval --tokenizer CHECKPOINT --url http://127.0.0.1:8787/v1 [--model FOLDER]`
 */
import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { readManifest } from "../../cli/folder-source.ts";
import { directScores } from "./direct-scores.ts";

const root = join(import.meta.dirname, "../..");
const TASK = "lapidary_facts";
const TOLERANCE = 1e-3;

const { values: options } = parseArgs({
  options: {
    "lm-eval": { type: "string", default: "lm_eval" },
    /** A folder that Hugging Face's AutoTokenizer reads: the checkpoint the model was converted from. */
    tokenizer: { type: "string" },
    url: { type: "string" },
    /** The model folder that the server serves. */
    model: { type: "string", default: join(root, "weights/demo/model") },
  },
});
const { tokenizer, url, model: folder } = options;
if (tokenizer === undefined || url === undefined || !process.env.OPENAI_API_KEY)
  throw new Error("expected --tokenizer FOLDER, --url …/v1 and OPENAI_API_KEY; docs/evaluate.md has an example");

/** What the harness keeps of one question. */
const sampleSchema = z.object({
  arguments: z.record(z.string(), z.object({ arg_0: z.string(), arg_1: z.string() })),
  filtered_resps: z.array(z.tuple([z.coerce.number(), z.enum(["True", "False"])])),
});

const manifest = await readManifest(folder);
const output = mkdtempSync(join(tmpdir(), "lapidary-evaluate-"));
try {
  const modelArguments = {
    model: manifest.name,
    base_url: `${url}/completions`,
    tokenizer_backend: "huggingface",
    tokenizer,
    add_bos_token: "True",
    max_length: manifest.architecture.maxPositionEmbeddings,
    num_concurrent: 2,
  };
  const { status, error } = spawnSync(
    options["lm-eval"],
    [
      "run",
      ...["--model", "local-completions", "--batch_size", "4"],
      ...[
        "--model_args",
        Object.entries(modelArguments)
          .map(([name, value]) => `${name}=${value}`)
          .join(),
      ],
      ...["--tasks", TASK, "--include_path", import.meta.dirname, "--output_path", output, "--log_samples"],
    ],
    { cwd: root, stdio: ["ignore", "inherit", "inherit"], env: { ...process.env, HF_HUB_OFFLINE: "1" } },
  );
  if (error) throw new Error(`cannot run ${options["lm-eval"]}; --lm-eval names the program`, { cause: error });
  if (status !== 0) throw new Error(`the harness ended with ${status}`);
  await compare(globSync(join(output, `**/samples_${TASK}_*.jsonl`))[0]!);
} finally {
  rmSync(output, { recursive: true });
}

async function compare(samplesPath: string): Promise<void> {
  const samples = readFileSync(samplesPath, "utf8")
    .trim()
    .split("\n")
    .map((line) => sampleSchema.parse(JSON.parse(line)));
  const pairs = samples.flatMap((sample) =>
    Object.values(sample.arguments).map(({ arg_0, arg_1 }) => [arg_0, arg_1] as const),
  );
  const served = samples.flatMap((sample) => sample.filtered_resps);
  const direct = await directScores(folder, pairs);
  const differences = direct.map(({ logLikelihood }, index) => Math.abs(logLikelihood - served[index]![0]));
  const disagreements = direct.filter(({ greedy }, index) => String(greedy) !== served[index]![1].toLowerCase());
  const largest = Math.max(...differences);
  console.log(
    `${pairs.length} continuations, ${direct.filter(({ greedy }) => greedy).length} of them the most probable; ` +
      `largest difference of a log-likelihood ${largest.toExponential(2)}, ` +
      `${disagreements.length} disagreements on the most probable`,
  );
  if (largest > TOLERANCE)
    console.log("Does the harness put <bos> first? Its tokenizer may want add_bos_token in tokenizer_config.json.");
  if (largest > TOLERANCE || disagreements.length > 0 || served.length !== direct.length) process.exitCode = 1;
}
