import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { Command } from "commander";
import { z } from "zod";
import type { LocalModel } from "../../runtime/local-model.ts";
import { logSumExp } from "../../runtime/sampling/log-sum-exp.ts";
import type { Manifest } from "../../weights/manifest.ts";
import { readManifest } from "../folder-source.ts";
import { addModelOptions, checkPrompt, type ModelOptions, openModel } from "../model-options.ts";

interface ScoreOptions extends ModelOptions {
  readonly idsFile: string;
}

const idsSchema = z.array(z.int().min(0)).min(1);

/** `lapidary score FOLDER --ids-file FILE`: how probable the model finds each next id; a JSON line a line. */
export function scoreCommand(): Command {
  const command = new Command("score")
    .description(
      "Scores token ids: for each line of the file, a JSON array of ids, a line with the natural logarithm of each " +
        "next id's probability and the mean negative one.",
    )
    .argument("<folder>", "model folder")
    .requiredOption("--ids-file <file>", "a JSON array of token ids a line (put bos first yourself)");
  return addModelOptions(command).action(async (folder: string, options: ScoreOptions) => {
    const manifest = await readManifest(folder);
    const prompts = await readPrompts(options.idsFile, manifest);
    if (prompts.length === 0) throw new Error(`${options.idsFile} has no lines`);
    const model = await openModel(folder, manifest, options, Math.max(...prompts.map((ids) => ids.length)));
    for (const ids of prompts) process.stdout.write(`${JSON.stringify(await score(model, ids))}\n`);
  });
}

/** Token ids, a JSON array a line; an error names the line. */
export async function readPrompts(path: string, manifest: Manifest): Promise<number[][]> {
  const prompts: number[][] = [];
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    number++;
    if (line.trim() === "") continue;
    try {
      const ids = idsSchema.parse(JSON.parse(line));
      checkPrompt(ids, manifest);
      prompts.push(ids);
    } catch (cause) {
      const what = cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message;
      throw new Error(`${path}, line ${number}: expected a JSON array of token ids: ${what}`, { cause });
    }
  }
  return prompts;
}

/** Log-probabilities of ids 1 …, and their negative mean; null where there is no next id. */
async function score(model: LocalModel, ids: readonly number[]) {
  const { vocabSize } = model.manifest.architecture;
  const logProbabilities: number[] = [];
  let position = 0;
  for await (const rows of model.logits(ids))
    for (let start = 0; start < rows.length && position + 1 < ids.length; start += vocabSize) {
      const logits = rows.subarray(start, start + vocabSize);
      logProbabilities.push(logits[ids[++position]!]! - logSumExp(logits));
    }
  const sum = logProbabilities.reduce((total, value) => total + value, 0);
  return { next_logprob: logProbabilities, nll: ids.length > 1 ? -sum / (ids.length - 1) : null };
}
