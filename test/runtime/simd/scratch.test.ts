import { expect, test } from "vitest";
import { type RowBuffer, type Step, stepReads, stepWrites } from "../../../runtime/simd/program.ts";
import { planScratch } from "../../../runtime/simd/scratch.ts";

const buffer = (name: string, columns: number): RowBuffer => ({ name, form: "float32", columns });
const bytesOf = ({ columns }: RowBuffer) => columns * 4;

/** A chain of `layers` layers: norm, a wide pair multiplied, back to narrow, added to the residual. */
function chain(layers: number) {
  const input = buffer("input", 64);
  const steps: Step[] = [];
  let x = input;
  for (let layer = 0; layer < layers; layer++) {
    const [norm, gate, up, product] = [buffer("n", 64), buffer("g", 256), buffer("u", 256), buffer("p", 256)];
    const [down, sum] = [buffer("d", 64), buffer("s", 64)];
    const weight = { name: "w", columns: 64, data: { file: "", offset: 0, bytes: 256 } };
    steps.push(
      { op: "rmsNorm", x, weight, epsilon: 1, y: norm },
      { op: "scale", x: norm, factor: 1, y: gate },
      { op: "scale", x: norm, factor: 1, y: up },
      { op: "geluMultiply", gate, up, y: product },
      { op: "scale", x: product, factor: 1, y: down },
      { op: "add", a: x, b: down, y: sum },
    );
    x = sum;
  }
  return { input, output: x, steps };
}

test("no buffer lies on another that is still to be read, except sums made in place", () => {
  const program = chain(3);
  const { offsets, bytes } = planScratch(program, bytesOf);
  // What each place holds, by the buffer that was written there last.
  const held: { from: number; to: number; buffer: RowBuffer }[] = [];
  const write = (made: RowBuffer) => {
    const from = offsets.get(made)!;
    const to = from + bytesOf(made);
    expect(to).toBeLessThanOrEqual(bytes);
    for (let i = held.length - 1; i >= 0; i--) if (held[i]!.from < to && from < held[i]!.to) held.splice(i, 1);
    held.push({ from, to, buffer: made });
  };
  write(program.input);
  for (const step of program.steps) {
    for (const read of stepReads(step))
      expect(
        held.some(({ buffer }) => buffer === read),
        read.name,
      ).toBe(true);
    const made = stepWrites(step);
    if (made !== null) write(made);
  }
  expect(held.some(({ buffer }) => buffer === program.output)).toBe(true);
});

test("memory does not grow with the number of layers", () => {
  const one = planScratch(chain(1), bytesOf).bytes;
  expect(planScratch(chain(20), bytesOf).bytes).toBe(one);
  // Residual, norm or product back, and the wide pair.
  expect(one).toBeLessThanOrEqual((64 + 64 + 256 + 256) * 4);
});

test("a residual sum takes the place of the residual", () => {
  const program = chain(2);
  const { offsets } = planScratch(program, bytesOf);
  expect(offsets.get(program.output)).toBe(offsets.get(program.input));
});

test("an input that is read again is not overwritten by a sum", () => {
  const [a, b, sum, again] = [buffer("a", 64), buffer("b", 64), buffer("sum", 64), buffer("again", 64)];
  const steps: Step[] = [
    { op: "scale", x: a, factor: 2, y: b },
    { op: "add", a, b, y: sum },
    { op: "add", a, b: sum, y: again },
  ];
  const { offsets } = planScratch({ input: a, output: again, steps }, bytesOf);
  expect(offsets.get(sum)).not.toBe(offsets.get(a));
});
