import { expect, test } from "vitest";
import type { LocalModel } from "../../../runtime/local-model.ts";
import type { LocalPipeline } from "../../../runtime/local-pipeline.ts";
import type { Selection } from "../../../runtime/sampling/selection.ts";
import { openDemoModel, PERU_ANSWER, PERU_PROMPT } from "../demo-model.ts";

const BEST: Selection = { kind: "best", count: 3, inverseTemperature: 1, mass: true };

/** The best id over all shards after feeding `ids`. */
async function best(session: LocalPipeline, ids: readonly number[], position: number): Promise<number> {
  const answers = await session.step(ids, position, BEST);
  const candidates = answers.map(({ ids, logits }) => ({ id: ids[0]!, logit: logits[0]! }));
  return candidates.reduce((a, b) => (b.logit > a.logit ? b : a)).id;
}

async function answer(model: LocalModel): Promise<number[]> {
  const session = model.openSession();
  const ids = [await best(session, PERU_PROMPT, 0)];
  while (ids.length < PERU_ANSWER.length)
    ids.push(await best(session, [ids.at(-1)!], PERU_PROMPT.length + ids.length - 1));
  await session.close();
  return ids;
}

test("the bundled model answers Lima, step by step", async () => {
  expect(await answer(await openDemoModel({ stages: [2, 2, 2], vocabularyShards: [1, 1] }))).toEqual(PERU_ANSWER);
});

test("a step at an earlier position forgets what came after it", async () => {
  const model = await openDemoModel({ chunkRows: 7 });
  const straight = model.openSession();
  await straight.step(PERU_PROMPT, 0, BEST);
  const expected = await straight.step(PERU_ANSWER.slice(0, 4), PERU_PROMPT.length, BEST);

  const winding = model.openSession();
  await winding.step([...PERU_PROMPT, 700, 701, 702], 0, BEST);
  await winding.step([800, 801], PERU_PROMPT.length - 3, BEST);
  await winding.step(PERU_PROMPT.slice(-3), PERU_PROMPT.length - 3, BEST);
  expect(await winding.step(PERU_ANSWER.slice(0, 4), PERU_PROMPT.length, BEST)).toEqual(expected);
});

test("another selection for the same row costs no step and changes nothing", async () => {
  const model = await openDemoModel({ vocabularyShards: [1, 1] });
  const session = model.openSession();
  await expect(session.reselect(BEST)).rejects.toThrow(/no step/);
  const first = await session.step(PERU_PROMPT, 0, BEST);
  const more = await session.reselect({ ...BEST, count: 5 });
  for (const [shard, { ids, logits, tiles }] of more.entries()) {
    expect(ids.slice(0, 3)).toEqual(first[shard]!.ids);
    expect(logits.slice(0, 3)).toEqual(first[shard]!.logits);
    expect(tiles).toEqual(first[shard]!.tiles);
  }
  expect(await session.reselect(BEST)).toEqual(first);
});

test("a gap in the positions is an error that changes nothing", async () => {
  const model = await openDemoModel();
  const session = model.openSession();
  await session.step(PERU_PROMPT, 0, BEST);
  await expect(session.step([5], PERU_PROMPT.length + 1, BEST)).rejects.toMatchObject({ code: "position_gap" });
  expect(await best(session, PERU_PROMPT.slice(-1), PERU_PROMPT.length - 1)).toBe(PERU_ANSWER[0]);
});

test("an id outside the vocabulary is refused", async () => {
  const session = (await openDemoModel()).openSession();
  await expect(session.step([2, 2048], 0, BEST)).rejects.toMatchObject({ code: "unsupported" });
});

test("closing frees the slot and the KV tokens, once", async () => {
  const model = await openDemoModel({ stages: [3, 3], kvTokens: 64 });
  const free = () => model.parts.stages.map(({ freeKvTokens }) => freeKvTokens);
  expect(free()).toEqual([64, 64]);
  const sessions = [model.openSession(), model.openSession()];
  expect(() => model.openSession()).toThrow(/session slots/);
  await sessions[0]!.step(PERU_PROMPT, 0, BEST);
  expect(free()).toEqual([32, 32]);
  await sessions[0]!.close();
  await sessions[0]!.close();
  expect(free()).toEqual([64, 64]);
  await expect(sessions[0]!.step([2], 0, BEST)).rejects.toThrow(/closed/);
  expect(await best(sessions[1]!, PERU_PROMPT, 0)).toBe(PERU_ANSWER[0]);
});
