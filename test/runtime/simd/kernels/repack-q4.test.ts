import { expect, test } from "vitest";
import { Q4_BLOCK_BYTES, q4Bytes, q4StreamBytes } from "../../../../runtime/simd/layout.ts";
import { onEach } from "./implementations.ts";
import { placeMatrix, randomMatrix, storedScale } from "./matrices.ts";

const OUTPUTS = 28;
const COLUMNS = 352;
const blocks = COLUMNS / 32;

test("all implementations write the same bytes", () => {
  const matrix = randomMatrix(OUTPUTS, COLUMNS, 4, 1);
  const streams = onEach((arena) =>
    arena.readBytes(placeMatrix(arena, matrix), q4Bytes(OUTPUTS, COLUMNS)).slice(0, q4StreamBytes(OUTPUTS, COLUMNS)),
  );
  expect(streams.relaxed).toEqual(streams.reference);
  expect(streams.simd128).toEqual(streams.reference);
});

test("a block scale moves by at most 1/32766 of the row's largest", () => {
  const matrix = randomMatrix(OUTPUTS, COLUMNS, 4, 2);
  const { reference } = onEach((arena) => {
    const weights = placeMatrix(arena, matrix);
    const rowScales = arena.readFloats(weights + q4StreamBytes(OUTPUTS, COLUMNS), OUTPUTS);
    const words = new Int16Array(arena.memory.buffer);
    return (output: number, block: number) => {
      const at = weights + ((output >> 4) * blocks + block) * Q4_BLOCK_BYTES + 256;
      return words[at / 2 + (output % 16)]! * rowScales[output]!;
    };
  });
  for (let output = 0; output < OUTPUTS; output++) {
    const exact = Array.from({ length: blocks }, (_, block) => storedScale(matrix, output, block * 32));
    const largest = Math.max(...exact.map(Math.abs));
    exact.forEach((scale, block) => {
      expect(Math.abs(reference!(output, block) - scale)).toBeLessThanOrEqual((largest / 32766) * (1 + 1e-5));
    });
  }
});

test("a row of zero scales stays zero", () => {
  const matrix = { ...randomMatrix(4, 64, 4, 3), scales: new Uint16Array(8) };
  const streams = onEach((arena) => {
    const weights = placeMatrix(arena, matrix);
    return [...arena.readFloats(weights + q4StreamBytes(4, 64), 4)];
  });
  for (const rowScales of Object.values(streams)) expect(rowScales).toEqual([0, 0, 0, 0]);
});
