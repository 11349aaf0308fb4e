import { describe, expect, test } from "vitest";
import { bestIndices } from "../../../runtime/sampling/best.ts";
import { selectFromLogits } from "../../../runtime/sampling/select.ts";
import type { Selection } from "../../../runtime/sampling/selection.ts";
import { createRanking, RANKING_BYTES } from "../../../runtime/simd/ranking.ts";
import { openDemoModel, PERU_PROMPT } from "../demo-model.ts";
import { randomLogits } from "../sampling/shards.ts";
import { createArena } from "./kernels/implementations.ts";

const COUNT = 3001;

const random = randomLogits(COUNT, 6, 5);
const partlyBanned = random.map((logit, index) => (index % 3 === 0 ? logit : Number.NEGATIVE_INFINITY));
const cases: Record<string, Float32Array> = {
  random,
  tied: random.map(Math.round),
  rising: random.toSorted(),
  "partly −∞": partlyBanned,
  "all −∞": new Float32Array(COUNT).fill(Number.NEGATIVE_INFINITY),
};

describe.each(["relaxed", "simd128", "reference"])("the %s kernels", (name) => {
  const arena = createArena(name);
  const rank = createRanking(arena.memory, arena.kernels, arena.take(RANKING_BYTES));
  const there = arena.readFloats(arena.take(COUNT * 4), COUNT);

  test.each(Object.entries(cases))("rank %s logits as TypeScript does", (_, logits) => {
    there.set(logits);
    for (const from of [0, 1, 4])
      for (const count of [0, 1, 2, 63, 64, 65, COUNT]) {
        const rows = there.subarray(from);
        expect([...rank(rows, count)]).toEqual([...bestIndices(rows, count)]);
      }
  });

  test("rank logits that lie elsewhere, and keep an answer when the next is asked for", () => {
    there.set(random);
    const first = rank(there, 5);
    expect([...rank(partlyBanned, 5)]).toEqual([...bestIndices(partlyBanned, 5)]);
    there.reverse();
    rank(there, 5);
    expect([...first]).toEqual([...bestIndices(random, 5)]);
  });
});

test("a vocabulary shard answers what TypeScript selects from its logits, in every row of a batch", async () => {
  const model = await openDemoModel({ vocabularyShards: [1, 1] });
  const { stages, shards } = model.parts;
  const session = model.openSession();
  let hidden = new Float32Array(0);
  for await (const rows of session.hiddenRows(PERU_PROMPT, 0))
    hidden = (await stages.at(-1)!.finalNormRows(rows)).slice();
  const best = (count: number, mass: boolean): Selection => ({ kind: "best", count, inverseTemperature: 0.7, mass });
  const selections = PERU_PROMPT.map((_, row) => best([1, 40, 64, 200][row % 4]!, row % 2 === 0));
  const { hiddenSize } = model.parts;
  for (const shard of shards) {
    const answers = await shard.select(hidden, selections);
    for (const [row, selection] of selections.entries()) {
      const logits = await shard.logits(hidden.subarray(row * hiddenSize, (row + 1) * hiddenSize));
      expect(answers[row]).toEqual(selectFromLogits(logits, shard.firstRow, selection));
    }
  }
  await session.close();
});
