/**
 * What shorter activation segments would cost the product kernels: their sources are compiled with other lengths beside
 * the 128 they have, and timed in turn. docs/models.md has what the lengths do to a model.
 * `node test/bench/kernels/segments.ts`
 */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chooseKernelModule, instantiateKernels } from "../../../runtime/simd/instantiate.ts";
import type { Kernels } from "../../../runtime/simd/kernels.ts";
import { q4Bytes, q8Bytes } from "../../../runtime/simd/layout.ts";
import { BenchMemory } from "./bench-memory.ts";
import { type Action, timeInTurn } from "./measured-action.ts";

const SEGMENTS = [32, 64, 128] as const;
/** The best of many short ones tells kernels apart even where other work interrupts most of them. */
const ROUNDS = 401;
const [OUTPUTS, COLUMNS] = [2048, 2048];
/** Matrices in rotation, so that each comes from memory and not from a cache. */
const COLD_MATRICES = 24;
/** Above what a quantised row takes, whatever its segments. */
const ROW_BYTES = 4 * COLUMNS;

const root = join(import.meta.dirname, "../../..");
const bench = new BenchMemory(224);
const variants = new Map<number, Kernels>();
for (const segment of SEGMENTS) variants.set(segment, await compileWith(segment));

const scales = bench.randomHalves((OUTPUTS * COLUMNS) / 32, 1, 0.01);
const stored = bench.randomBytes(OUTPUTS * COLUMNS, 2);
const kernels = variants.get(128)!;
const matrices = { 4: rotation(q4Bytes(OUTPUTS, COLUMNS)), 8: rotation(q8Bytes(OUTPUTS, COLUMNS)) };
for (const matrix of matrices[4]) kernels.repackQ4(stored, scales, 0, OUTPUTS, COLUMNS, OUTPUTS, matrix);
for (const matrix of matrices[8]) kernels.repackQ8(stored, scales, 0, OUTPUTS, COLUMNS, matrix);

const table = [];
for (const [bits, rows] of [
  [4, 1],
  [4, 4],
  [8, 1],
  [8, 4],
] as const) {
  const timings = await timeInTurn(actions(bits, rows), ROUNDS);
  const best = timings.map(({ bestMs }) => bestMs);
  const slower = (ms: number) => `+${((ms / best.at(-1)! - 1) * 100).toFixed(1)} %`;
  table.push({
    kernel: `${bits} bit × ${rows} rows`,
    ...Object.fromEntries(
      SEGMENTS.map((segment, i) => [`segments of ${segment}`, `${best[i]!.toFixed(3)} ms, ${slower(best[i]!)}`]),
    ),
  });
}
console.table(table);

function rotation(bytes: number): number[] {
  return Array.from({ length: COLD_MATRICES }, () => bench.take(bytes));
}

function actions(bits: 4 | 8, rows: number): Action[] {
  const x = bench.randomFloats(rows * COLUMNS, 3);
  const y = bench.take(rows * OUTPUTS * 4);
  return [...variants].map(([segment, { quantizeActivations, matmulQ4, matmulQ8 }]) => {
    const activations = bench.take(rows * ROW_BYTES);
    quantizeActivations(x, rows, COLUMNS, 8, activations);
    const product = bits === 4 ? matmulQ4 : matmulQ8;
    const run = (index: number) =>
      product(activations, rows, COLUMNS, 8, matrices[bits][index % COLD_MATRICES]!, OUTPUTS, y);
    return { name: String(segment), run };
  });
}

/** The kernels as their sources would give them with segments of so many columns. */
async function compileWith(segment: number): Promise<Kernels> {
  const sources = join(root, "runtime/simd/kernels");
  // Inside the repository, where the compiler is found.
  await mkdir(join(root, ".lapidary"), { recursive: true });
  const folder = await mkdtemp(join(root, ".lapidary/segments-"));
  try {
    await cp(sources, folder, { recursive: true });
    const layout = join(folder, "assembly/layout.ts");
    const text = await readFile(layout, "utf8");
    const changed = text.replace("const SEGMENT: u32 = 128;", `const SEGMENT: u32 = ${segment};`);
    if (segment !== 128 && changed === text) throw new Error(`${layout} has no line "const SEGMENT: u32 = 128;"`);
    await writeFile(layout, changed);
    const { buildKernels } = await import(pathToFileURL(join(folder, "build.mjs")).href);
    await buildKernels();
    const compile = async (name: string) => WebAssembly.compile(await readFile(join(folder, "build", name)));
    const module = chooseKernelModule({
      relaxed: await compile("relaxed.wasm"),
      simd128: await compile("simd128.wasm"),
    });
    return instantiateKernels(module, bench.memory);
  } finally {
    await rm(folder, { recursive: true });
  }
}
