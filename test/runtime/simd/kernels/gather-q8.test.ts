import { expect, test } from "vitest";
import { onEachAlike } from "./implementations.ts";
import { placeMatrix, randomMatrix, storedInteger, storedScale } from "./matrices.ts";

test.each([32, 96, 160, 640])("gathered rows of %i columns are q · scale exactly", (columns) => {
  const matrix = randomMatrix(11, columns, 8, columns);
  const ids = Uint32Array.of(10, 0, 3, 4, 3);
  const y = onEachAlike((arena) => {
    const weights = placeMatrix(arena, matrix);
    const out = arena.take(ids.length * columns * 4);
    arena.kernels.gatherQ8(weights, columns, arena.words(ids), ids.length, out);
    return arena.readFloats(out, ids.length * columns);
  });
  y.forEach((value, i) => {
    const id = ids[Math.floor(i / columns)]!;
    expect(value).toBe(Math.fround(storedInteger(matrix, id, i % columns) * storedScale(matrix, id, i % columns)));
  });
});
