import { expect, test } from "vitest";
import { RotaryTable } from "../../runtime/rotary-table.ts";

test("cosines and sines belong to float32 angles of float32 frequencies", () => {
  const headDim = 64;
  const table = new RotaryTable(10_000, headDim);
  const positions = 3;
  for (const first of [0, 511, 8190]) {
    const cosines = new Float32Array(positions * table.width);
    const sines = new Float32Array(positions * table.width);
    table.fill(first, positions, cosines, sines);
    for (let row = 0; row < positions; row++)
      for (let i = 0; i < table.width; i++) {
        const frequency = Math.fround(1 / Math.fround(10_000 ** Math.fround((2 * i) / headDim)));
        const angle = Math.fround(Math.fround(first + row) * frequency);
        expect(cosines[row * table.width + i]).toBeCloseTo(Math.cos(angle), 7);
        expect(sines[row * table.width + i]).toBeCloseTo(Math.sin(angle), 7);
      }
  }
});

test("a row does not depend on where its run begins", () => {
  const table = new RotaryTable(10_000, 32);
  const run = [new Float32Array(20 * 16), new Float32Array(20 * 16)] as const;
  table.fill(100, 20, ...run);
  const row = [new Float32Array(16), new Float32Array(16)] as const;
  table.fill(107, 1, ...row);
  expect(run[0].slice(7 * 16, 8 * 16)).toEqual(row[0]);
  expect(run[1].slice(7 * 16, 8 * 16)).toEqual(row[1]);
});

test("positions beyond the range of the angles are refused", () => {
  const table = new RotaryTable(10_000, 32);
  const rows = [new Float32Array(16), new Float32Array(16)] as const;
  expect(() => table.fill(2_000_000, 1, ...rows)).toThrow(/positions from 1647099 on/);
});
