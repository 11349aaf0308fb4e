import { Command } from "commander";
import { addDivergence, type Divergence, noDivergence } from "../../runtime/divergence.ts";
import type { LocalModel } from "../../runtime/local-model.ts";
import { readManifest } from "../folder-source.ts";
import { addModelOptions, type ModelOptions, openModel } from "../model-options.ts";
import { readPrompts } from "./score.ts";

interface CompareOptions extends ModelOptions {
  readonly idsFile: string;
}

/** `lapidary compare FOLDER REFERENCE --ids-file FILE`: a JSON line a prompt, then one for all of them. */
export function compareCommand(): Command {
  const command = new Command("compare")
    .description(
      "Measures how far a model is from a reference (another conversion of it) over prompts: mean KL divergence of the " +
        "reference from it, how often both hold the same id most probable, mean negative log-likelihood of the next ids " +
        "in both, and their ratios.",
    )
    .argument("<folder>", "model folder")
    .argument("<reference>", "model folder to measure against, for instance with 8-bit layers")
    .requiredOption("--ids-file <file>", "a JSON array of token ids a line (put bos first yourself)");
  return addModelOptions(command).action(async (folder: string, other: string, options: CompareOptions) => {
    const manifests = [await readManifest(folder), await readManifest(other)] as const;
    const [vocabulary, otherVocabulary] = manifests.map(({ architecture }) => architecture.vocabSize);
    if (vocabulary !== otherVocabulary)
      throw new Error(`${folder} has ${vocabulary} ids, ${other} ${otherVocabulary}: they are not the same model`);
    const prompts = await readPrompts(options.idsFile, manifests[0]);
    const tokens = Math.max(...prompts.map((ids) => ids.length));
    const model = await openModel(folder, manifests[0], options, tokens);
    const reference = await openModel(other, manifests[1], options, tokens);
    const all = noDivergence();
    for (const ids of prompts) {
      const sums = await compare(model, reference, ids);
      for (const key of Object.keys(all) as (keyof Divergence)[]) all[key] += sums[key];
      process.stdout.write(`${JSON.stringify(report(sums))}\n`);
    }
    process.stdout.write(`${JSON.stringify({ prompts: prompts.length, ...report(all) })}\n`);
  });
}

async function compare(model: LocalModel, reference: LocalModel, ids: readonly number[]): Promise<Divergence> {
  const { vocabSize } = model.manifest.architecture;
  const sums = noDivergence();
  const references = reference.logits(ids);
  let position = 0;
  try {
    for await (const rows of model.logits(ids)) {
      const { value } = await references.next();
      if (value?.length !== rows.length) throw new Error("the models gave different numbers of rows at once");
      for (let start = 0; start < rows.length; start += vocabSize) {
        const end = start + vocabSize;
        addDivergence(sums, rows.subarray(start, end), value.subarray(start, end), ids[++position]);
      }
    }
  } finally {
    // Gives back its session's KV cache, whether it came to its end or not.
    await references.return();
  }
  return sums;
}

function report({ positions, kl, sameTop, scored, nll, referenceNll }: Divergence) {
  if (scored === 0) return { positions, kl: kl / positions, topAgreement: sameTop / positions };
  return {
    positions,
    kl: kl / positions,
    topAgreement: sameTop / positions,
    nll: nll / scored,
    referenceNll: referenceNll / scored,
    nllOverPercent: (nll / referenceNll - 1) * 100,
    perplexityRatio: Math.exp((nll - referenceNll) / scored),
  };
}
