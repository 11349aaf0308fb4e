import { expect, test } from "vitest";
import type { Frame } from "../../../functions/pipeline/frame.ts";
import { Outstanding } from "../../../functions/pipeline/outstanding.ts";
import { InferenceError } from "../../../runtime/errors.ts";
import { HEAD } from "./frame-samples.ts";

const LONG_MS = 60_000;
const answer = (step: number): Frame => ({ ...HEAD, step, kind: "answers", answers: [] });
const lost = new InferenceError("stage_lost", "gone");

test("answers come in the order of the shards asked, whatever order they arrived in", async () => {
  const outstanding = new Outstanding();
  const [zero, two] = [answer(5), answer(5)];
  const asked = outstanding.expect(5, [0, 2], LONG_MS);
  outstanding.receive(2, two);
  outstanding.receive(1, answer(5));
  outstanding.receive(0, answer(6));
  outstanding.receive(0, zero);
  const answers = await asked;
  expect(answers[0]).toBe(zero);
  expect(answers[1]).toBe(two);
  expect(outstanding.size).toBe(0);
});

test("a question that is not answered in time is rejected, and names who is late", async () => {
  const outstanding = new Outstanding();
  const asked = outstanding.expect(1, [0, 1], 5);
  outstanding.receive(0, answer(1));
  await expect(asked).rejects.toMatchObject({
    code: "timed_out",
    message: expect.stringMatching(/shard 1 .*step 1 .*5 ms/),
  });
  outstanding.receive(1, answer(1));
  expect(outstanding.size).toBe(0);
});

test("a lost shard rejects what still waits for it, and nothing else", async () => {
  const outstanding = new Outstanding();
  const [both, other, answered] = [
    outstanding.expect(1, [0, 1], LONG_MS),
    outstanding.expect(2, [0], LONG_MS),
    outstanding.expect(3, [0, 1], LONG_MS),
  ];
  outstanding.receive(1, answer(3));
  outstanding.loseShard(1, lost);
  await expect(both).rejects.toBe(lost);
  outstanding.receive(0, answer(2));
  outstanding.receive(0, answer(3));
  expect(await Promise.all([other, answered])).toHaveLength(2);
});
