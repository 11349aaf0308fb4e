/**
 * What int8 activations cost a model, by the columns that share a scale: rows are quantised, dequantised and then taken
 * as 16-bit ones, over a float32 KV cache, and set against 16 bits alone. The kernels' own int8 comes last: it has to
 * agree with the segments they have, 128. docs/models.md has figures.
 * `node test/evaluate/activation-segments.ts FOLDER --ids-file FILE [--segments 32,64,128,row]`
 */
import { parseArgs } from "node:util";
import { readPrompts } from "../../cli/commands/score.ts";
import { FolderSource, readManifest } from "../../cli/folder-source.ts";
import { loadKernelModules } from "../../cli/kernel-modules.ts";
import { addDivergence, noDivergence } from "../../runtime/divergence.ts";
import { LocalModel } from "../../runtime/local-model.ts";
import { createSimdEngine } from "../../runtime/simd/engine.ts";
import { chooseKernelModule, instantiateKernels } from "../../runtime/simd/instantiate.ts";
import type { Kernels } from "../../runtime/simd/kernels.ts";
import type { SimdSettings } from "../../runtime/simd/settings.ts";
import { roundTrip } from "./round-trip.ts";

const { positionals, values: options } = parseArgs({
  allowPositionals: true,
  options: { "ids-file": { type: "string" }, segments: { type: "string", default: "32,64,128,row" } },
});
const [folder] = positionals;
const idsFile = options["ids-file"];
if (folder === undefined || idsFile === undefined) throw new Error("expected FOLDER --ids-file FILE");

const manifest = await readManifest(folder);
const prompts = await readPrompts(idsFile, manifest);
const module = chooseKernelModule(await loadKernelModules());
const kvTokens = Math.max(...prompts.map((ids) => ids.length));

const reference = await open({ kernels: (memory) => instantiateKernels(module, memory), activations: 16 });
const variants = new Map<string, LocalModel>();
for (const name of options.segments.split(",")) {
  const segment = name === "row" ? Number.POSITIVE_INFINITY : Number(name);
  if (!(segment >= 1)) throw new Error(`expected numbers of columns or "row", found ${name}`);
  variants.set(name, await open({ kernels: (memory) => roundingKernels(memory, segment), activations: 16 }));
}
variants.set(
  "the kernels'",
  await open({ kernels: (memory) => instantiateKernels(module, memory), activations: 8, kvBits: 32 }),
);

const totals = new Map([...variants.keys()].map((name) => [name, noDivergence()]));
for (const ids of prompts) await addPrompt(ids);
console.table(
  Object.fromEntries(
    [...totals].map(([name, { kl, positions, sameTop, nll, referenceNll, scored }]) => [
      name,
      {
        KL: Number((kl / positions).toFixed(5)),
        "same top token": Number((sameTop / positions).toFixed(4)),
        NLL: Number((nll / scored).toFixed(4)),
        "over 16 bits": Number(((nll - referenceNll) / scored).toFixed(4)),
      },
    ]),
  ),
);

function open(settings: SimdSettings): Promise<LocalModel> {
  return LocalModel.open({
    manifest,
    source: new FolderSource(folder!),
    engine: createSimdEngine(settings),
    kvTokens,
  });
}

/** Kernels of 16-bit activations that see what int8 leaves of a row; nothing else reads the rows of a product. */
function roundingKernels(memory: WebAssembly.Memory, segment: number): Kernels {
  const kernels = instantiateKernels(module, memory);
  return {
    ...kernels,
    quantizeActivations(x, rows, columns, bits, activations) {
      roundTrip(new Float32Array(memory.buffer, x, rows * columns), columns, segment);
      kernels.quantizeActivations(x, rows, columns, bits, activations);
    },
  };
}

/** All models go through a prompt together, so that the reference is computed once. */
async function addPrompt(ids: readonly number[]): Promise<void> {
  const { vocabSize } = manifest.architecture;
  const others = [...variants].map(([name, model]) => ({ sums: totals.get(name)!, logits: model.logits(ids) }));
  let position = 0;
  for await (const rows of reference.logits(ids)) {
    const count = rows.length / vocabSize;
    for (const { sums, logits } of others) {
      const { value } = await logits.next();
      if (value?.length !== rows.length) throw new Error("the models gave different numbers of rows at once");
      for (let row = 0; row < count; row++) {
        const [start, end] = [row * vocabSize, (row + 1) * vocabSize];
        addDivergence(sums, value.subarray(start, end), rows.subarray(start, end), ids[position + row + 1]);
      }
    }
    position += count;
    process.stderr.write(`\r${position} of ${ids.length} tokens `);
  }
  process.stderr.write("\n");
}
