import { expect, test } from "vitest";
import { nextFrame, type Offer, rowsBody } from "../../../functions/pipeline/schedule.ts";

const best = { kind: "best", count: 1, inverseTemperature: 1, mass: false } as const;
const HIDDEN = 4;

/** Rows whose values tell session and position. */
function offer(session: number, position: number, rows: number, last = true): Offer {
  const hidden = Float32Array.from(
    { length: rows * HIDDEN },
    (_, value) => 1000 * session + position + Math.floor(value / HIDDEN),
  );
  return { session, position, rows, hidden, selections: last ? [best] : [] };
}

test("offers are taken in order of arrival while they fit", () => {
  const [first, second, third] = [offer(1, 10, 1), offer(2, 0, 3), offer(3, 7, 1)];
  expect(nextFrame([first, second, third], 5)).toEqual({ frame: [first, second, third], rest: [] });
  expect(nextFrame([first, second, third], 4)).toEqual({ frame: [first, second], rest: [third] });
});

test("what does not fit is cut, keeps its rows and positions, and its selection on the last row", () => {
  const { frame, rest } = nextFrame([offer(1, 10, 1), offer(2, 20, 5)], 4);
  expect(frame).toEqual([offer(1, 10, 1), offer(2, 20, 3, false)]);
  expect(rest).toEqual([offer(2, 23, 2)]);
});

test("frames of one row each take every row once, in order", () => {
  let waiting: readonly Offer[] = [offer(1, 0, 3), offer(2, 5, 1)];
  const taken: string[] = [];
  while (waiting.length > 0) {
    const { frame, rest } = nextFrame(waiting, 1);
    expect(frame).toHaveLength(1);
    for (const { session, position, selections } of frame)
      taken.push(`${session}@${position}${"!".repeat(selections.length)}`);
    waiting = rest;
  }
  expect(taken).toEqual(["1@0", "1@1", "1@2!", "2@5!"]);
});

test("selections of several rows go with their rows", () => {
  const five = { ...offer(1, 20, 5), selections: [1, 2, 3].map((count) => ({ ...best, count })) };
  const taken: [position: number, counts: number[]][] = [];
  for (let waiting: readonly Offer[] = [five]; waiting.length > 0; ) {
    const { frame, rest } = nextFrame(waiting, 2);
    const body = rowsBody(frame);
    if (body.kind !== "rows") throw new Error(`a frame of ${body.kind}`);
    const { position, firstWanted, selections } = body.groups[0]!;
    taken.push([
      position + firstWanted,
      selections.map((selection) => (selection.kind === "best" ? selection.count : 0)),
    ]);
    waiting = rest;
  }
  expect(taken).toEqual([
    [20, []],
    [22, [1, 2]],
    [24, [3]],
  ]);
});
