import { Command } from "commander";
import { streamModelFile } from "../../runtime/model-files.ts";
import { parameterCount } from "../../weights/families/shapes.ts";
import type { LayerAttention, Manifest, ModelFile } from "../../weights/manifest.ts";
import { manifestFiles, sumBytes } from "../../weights/manifest-files.ts";
import { FolderSource, readManifest } from "../folder-source.ts";
import { withProgress } from "../progress.ts";

/** `lapidary inspect FOLDER`: fails on the first file whose size or hash is not the manifest's. */
export function inspectCommand(): Command {
  return new Command("inspect")
    .description("check every file of a model folder against its manifest and say what is in it")
    .argument("<folder>", "model folder")
    .option("--json", "print one JSON object")
    .action(async (folder: string, { json }: { json?: boolean }) => {
      const manifest = await readManifest(folder);
      const files = Object.values(manifestFiles(manifest)).flat();
      await withProgress((onProgress) => verify(new FolderSource(folder), files, onProgress));
      const summary = summarise(manifest);
      process.stdout.write(json ? `${JSON.stringify(summary)}\n` : render(summary));
    });
}

async function verify(
  source: FolderSource,
  files: readonly ModelFile[],
  onProgress: (doneBytes: number, totalBytes: number) => void,
): Promise<void> {
  const totalBytes = sumBytes(files);
  let doneBytes = 0;
  for (const file of files)
    for await (const chunk of streamModelFile(source, file)) {
      doneBytes += chunk.length;
      onProgress(doneBytes, totalBytes);
    }
}

function summarise(manifest: Manifest) {
  const { architecture, name, createdSeconds, chatTemplate, specialTokens, generationDefaults, tokenizer } = manifest;
  const files = manifestFiles(manifest);
  const all = Object.values(files).flat();
  const parameters = parameterCount(architecture);
  const modelBytes = sumBytes([files.layers, files.finalNorm, files.table].flat());
  return {
    name,
    createdSeconds,
    architecture,
    chatTemplate,
    specialTokens,
    generationDefaults,
    tokenizer: tokenizer !== null,
    licence: manifest.licence.path,
    parameters,
    bitsPerWeight: Number(((modelBytes * 8) / parameters).toFixed(3)),
    tableShards: manifest.table.shards.length,
    bytes: { layers: sumBytes(files.layers), table: sumBytes(files.table), total: sumBytes(all) },
    files: all.length,
    largestFileBytes: Math.max(...all.map(({ bytes }) => bytes)),
    verified: true,
  };
}

function render(summary: ReturnType<typeof summarise>): string {
  const { architecture: a, bytes, specialTokens, generationDefaults } = summary;
  const megabytes = (count: number) => `${(count / 1e6).toFixed(1)} MB`;
  const created = summary.createdSeconds === 0 ? "unknown" : new Date(summary.createdSeconds * 1000).toISOString();
  const lines: [string, string][] = [
    ["name", summary.name],
    ["created", created],
    ["family", `${a.family}, ${(summary.parameters / 1e6).toFixed(1)} million parameters`],
    ["layers", `${a.numHiddenLayers}: hidden ${a.hiddenSize}, feed-forward ${a.intermediateSize}`],
    ["attention", `${a.numAttentionHeads} heads, ${a.numKeyValueHeads} key/value heads, head_dim ${a.headDim}`],
    ...a.attention
      .filter((one, index) => a.attention.findIndex((other) => sameAttention(one, other)) === index)
      .map((one): [string, string] => [
        one.window === null ? "global layers" : "local layers",
        `${a.attention.filter((other) => sameAttention(one, other)).length}: rotary base ${one.ropeTheta}` +
          `${one.ropeFactor === 1 ? "" : `, positions ÷ ${one.ropeFactor}`}` +
          `${one.window === null ? "" : `, window of ${one.window} tokens`}`,
      ]),
    ...(a.attnLogitSoftcapping === null ? [] : [["score cap", String(a.attnLogitSoftcapping)] as [string, string]]),
    ...(a.finalLogitSoftcapping === null ? [] : [["logit cap", String(a.finalLogitSoftcapping)] as [string, string]]),
    ["context", `${a.maxPositionEmbeddings} tokens`],
    ["vocabulary", `${a.vocabSize} rows in ${summary.tableShards} table shards`],
    ["tokenizer", summary.tokenizer ? "yes" : "none: token ids only"],
    ["chat template", summary.chatTemplate ?? "none"],
    ["stop ids", specialTokens.stop.join(", ")],
    [
      "sampling",
      `temperature ${generationDefaults.temperature}, top-p ${generationDefaults.topP}, top-k ${generationDefaults.topK}`,
    ],
    ["bits a weight", String(summary.bitsPerWeight)],
    ["bytes", `layers ${megabytes(bytes.layers)}, table ${megabytes(bytes.table)}, all ${megabytes(bytes.total)}`],
    ["files", `${summary.files}, the largest ${megabytes(summary.largestFileBytes)}; every size and SHA-256 is right`],
    ["licence", summary.licence],
  ];
  return lines.map(([label, value]) => `${label.padEnd(15)}${value}\n`).join("");
}

const sameAttention = (a: LayerAttention, b: LayerAttention) =>
  a.window === b.window && a.ropeTheta === b.ropeTheta && a.ropeFactor === b.ropeFactor;
