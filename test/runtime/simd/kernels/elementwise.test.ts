import { expect, test } from "vitest";
import { onEachAlike } from "./implementations.ts";
import { randomFloats } from "./random-data.ts";

const COUNT = 1028;

test("add adds, also in place", () => {
  const a = randomFloats(COUNT, 1);
  const b = randomFloats(COUNT, 2);
  const y = onEachAlike((arena) => {
    const at = arena.floats(a);
    arena.kernels.add(at, arena.floats(b), COUNT, at);
    return arena.readFloats(at, COUNT);
  });
  y.forEach((value, i) => {
    expect(value).toBe(Math.fround(a[i]! + b[i]!));
  });
});

test("scale multiplies by the factor in float32", () => {
  const x = randomFloats(COUNT, 3);
  const y = onEachAlike((arena) => {
    const out = arena.take(COUNT * 4);
    arena.kernels.scale(arena.floats(x), COUNT, 0.1, out);
    return arena.readFloats(out, COUNT);
  });
  y.forEach((value, i) => {
    expect(value).toBe(Math.fround(x[i]! * Math.fround(0.1)));
  });
});

/** Of |gelu · up|; where gelu itself falls under 10⁻³⁰ its size is all that matters. */
const GELU_BUDGET = 6e-7;

test("geluMultiply is within its budget of float64 from −30 to 30", () => {
  const gate = Float32Array.from({ length: 6004 }, (_, i) => (i - 3002) / 100);
  const up = randomFloats(gate.length, 4, 3);
  const y = onEachAlike((arena) => {
    const at = arena.floats(gate);
    arena.kernels.geluMultiply(at, arena.floats(up), gate.length, at);
    return arena.readFloats(at, gate.length);
  });
  y.forEach((value, i) => {
    const x = gate[i]!;
    const exponent = 2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);
    const exact = (x / (1 + Math.exp(-exponent))) * up[i]!;
    // e^power moves by as much as the float32 rounding of the power itself.
    const slack = 1 + Math.abs(exponent) * 0.4;
    expect(Math.abs(value - exact)).toBeLessThanOrEqual(GELU_BUDGET * slack * Math.abs(exact) + 1e-30);
  });
});
