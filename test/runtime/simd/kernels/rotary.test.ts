import { expect, test } from "vitest";
import { onEachAlike } from "./implementations.ts";
import { randomFloats } from "./random-data.ts";

test.each([
  { heads: 1, headDim: 32 },
  { heads: 3, headDim: 48 },
  { heads: 8, headDim: 256 },
])("pairs half a head apart turn by the row's angle, $heads heads of $headDim", ({ heads, headDim }) => {
  const rows = 3;
  const half = headDim / 2;
  const x = randomFloats(rows * heads * headDim, headDim);
  const angles = randomFloats(rows * half, 5, 3);
  const cos = angles.map(Math.cos);
  const sin = angles.map(Math.sin);
  const y = onEachAlike((arena) => {
    const at = arena.floats(x);
    arena.kernels.rotary(at, rows, heads, headDim, arena.floats(cos), arena.floats(sin));
    return arena.readFloats(at, x.length);
  });
  for (let row = 0; row < rows; row++) {
    for (let head = 0; head < heads; head++) {
      for (let i = 0; i < half; i++) {
        const first = (row * heads + head) * headDim + i;
        const [a, b, angle] = [x[first]!, x[first + half]!, angles[row * half + i]!];
        expect(Math.abs(y[first]! - (a * Math.cos(angle) - b * Math.sin(angle)))).toBeLessThan(3e-7);
        expect(Math.abs(y[first + half]! - (b * Math.cos(angle) + a * Math.sin(angle)))).toBeLessThan(3e-7);
      }
    }
  }
});
