import { createEngine } from "../../cli/engines.ts";
import { FolderSource, readManifest } from "../../cli/folder-source.ts";
import { LocalModel } from "../../runtime/local-model.ts";
import { logSumExp } from "../../runtime/sampling/log-sum-exp.ts";
import { loadTokenizer } from "../../runtime/tokenizer/load.ts";

/** How probable a continuation is, and whether each of its tokens is the most probable one. */
export interface Score {
  readonly logLikelihood: number;
  readonly greedy: boolean;
}

/** Scores continuations of contexts as the evaluation harness asks for them, without any server. */
export async function directScores(folder: string, pairs: readonly (readonly [string, string])[]): Promise<Score[]> {
  const manifest = await readManifest(folder);
  const source = new FolderSource(folder);
  const tokenizer = await loadTokenizer(source, manifest);
  if (tokenizer === null) throw new Error(`${folder} has no tokenizer.bin; convert a checkpoint that has a tokenizer`);
  const model = await LocalModel.open({ manifest, source, engine: await createEngine("simd", 8) });
  const idsOf = (text: string) => [manifest.specialTokens.bos, ...tokenizer.encode(text)];
  const scores: Score[] = [];
  for (const [context, continuation] of pairs)
    scores.push(await scoreFrom(model, idsOf(context + continuation), idsOf(context).length));
  return scores;
}

async function scoreFrom(model: LocalModel, ids: readonly number[], first: number): Promise<Score> {
  const { vocabSize } = model.manifest.architecture;
  let logLikelihood = 0;
  let greedy = true;
  let position = 0;
  for await (const rows of model.logits(ids))
    for (let start = 0; start < rows.length; start += vocabSize) {
      position++;
      if (position < first || position === ids.length) continue;
      const logits = rows.subarray(start, start + vocabSize);
      const logit = logits[ids[position]!]!;
      logLikelihood += logit - logSumExp(logits);
      greedy &&= logits.every((other) => other <= logit);
    }
  return { logLikelihood, greedy };
}
