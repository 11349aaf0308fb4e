/** `node test/fuzz/run.ts [--count 100000] [--seed 1] [--first 0]`: a long run over damaged files; exit 1 on a failure. */
import { parseArgs } from "node:util";
import { fuzz } from "./fuzz.ts";

const { values } = parseArgs({
  options: { count: { type: "string" }, seed: { type: "string" }, first: { type: "string" } },
});
const count = natural("count", 100_000);
const seed = natural("seed", 1);
const first = natural("first", 0);

const startMs = performance.now();
const { failures, ...summary } = await fuzz({ seed, first, count }, (done) => {
  if (done % 10_000 === 0) process.stderr.write(`${done} of ${count}\n`);
});
for (const failure of failures.slice(0, 20)) process.stdout.write(`${JSON.stringify(failure)}\n`);
const seconds = Number(((performance.now() - startMs) / 1000).toFixed(1));
process.stdout.write(`${JSON.stringify({ seed, first, ...summary, failures: failures.length, seconds })}\n`);
process.exit(failures.length === 0 ? 0 : 1);

function natural(name: keyof typeof values, otherwise: number): number {
  const text = values[name] ?? String(otherwise);
  if (!/^\d{1,9}$/.test(text)) throw new Error(`--${name} is ${text}, expected a whole number`);
  return Number(text);
}
