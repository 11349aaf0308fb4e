import { expect, test } from "vitest";
import { nextFrame, type Offer } from "../../../functions/pipeline/schedule.ts";

const best = { kind: "best", count: 1, inverseTemperature: 1, mass: false } as const;
const HIDDEN = 4;

/** Rows whose values tell session and position. */
function offer(session: number, position: number, rows: number, last = true): Offer {
  const hidden = Float32Array.from(
    { length: rows * HIDDEN },
    (_, value) => 1000 * session + position + Math.floor(value / HIDDEN),
  );
  return { session, position, rows, hidden, selection: last ? best : null };
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
    for (const { session, position, selection } of frame) taken.push(`${session}@${position}${selection ? "!" : ""}`);
    waiting = rest;
  }
  expect(taken).toEqual(["1@0", "1@1", "1@2!", "2@5!"]);
});
