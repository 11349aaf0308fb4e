/**
 * What choosing from the logits of Gemma's whole vocabulary costs, in TypeScript and, where there is one, by kernel.
 * `node test/bench/whole-model/selection.ts`
 */
import { loadKernelModules } from "../../../cli/kernel-modules.ts";
import { selectFromLogits } from "../../../runtime/sampling/select.ts";
import type { Selection } from "../../../runtime/sampling/selection.ts";
import { instantiateKernels } from "../../../runtime/simd/instantiate.ts";
import { gemmaShape } from "../gemma-shape.ts";
import { BenchMemory } from "../kernels/bench-memory.ts";
import { type Action, timeInTurn } from "../kernels/measured-action.ts";

const ROUNDS = 51;
const COUNT = 64;
const { vocab_size: rows } = gemmaShape("2b");

const bench = new BenchMemory(8);
const kernels = instantiateKernels((await loadKernelModules()).relaxed, bench.memory);
const x = bench.randomFloats(rows, 41);
const logits = bench.floats(x, rows);
// Bell-shaped like a model's, since how many rows can win decides the cost of noise.
for (const [index, value] of logits.entries()) logits[index] = 12 * value * Math.abs(value);
const [indices, values, tiles] = [bench.take(COUNT * 4), bench.take(COUNT * 4), bench.take(rows / 128)];

const select = (name: string, selection: Selection): Action => ({
  name,
  run: () => selectFromLogits(logits, 0, selection),
});
const timings = await timeInTurn(
  [
    select("greedy", { kind: "best", count: 1, inverseTemperature: 1, mass: false }),
    select(`best ${COUNT}`, { kind: "best", count: COUNT, inverseTemperature: 1, mass: false }),
    select(`best ${COUNT} and mass`, { kind: "best", count: COUNT, inverseTemperature: 1, mass: true }),
    select("gumbel at temperature 1", { kind: "gumbel", inverseTemperature: 1, seed: 7n, position: 3 }),
    select("gumbel at temperature 2", { kind: "gumbel", inverseTemperature: 0.5, seed: 7n, position: 3 }),
    { name: "kernel argmax", run: () => kernels.argmax(x, rows) },
    { name: `kernel topK ${COUNT}`, run: () => kernels.topK(x, rows, COUNT, indices, values) },
    { name: "kernel tileSums", run: () => kernels.tileSums(x, rows, 1, tiles) },
  ],
  ROUNDS,
);
console.table(
  timings.map(({ name, medianMs, bestMs }) => ({
    selection: name,
    "median ms": Number(medianMs.toPrecision(3)),
    "best ms": Number(bestMs.toPrecision(3)),
  })),
);
