import { expect, test } from "vitest";
import { Breath } from "../../../functions/pipeline/breath.ts";
import { Lane } from "../../../functions/pipeline/lane.ts";
import type { Offer } from "../../../functions/pipeline/offer.ts";
import { LEAST_PROMPT_WORK } from "../../../functions/pipeline/schedule.ts";
import { offer } from "./offers.ts";

const ROUTE = [0, 0, 0];

/** A lane whose frames are answered by hand. */
async function laneOf(frames: number) {
  const sent: (readonly Offer[])[] = [];
  const answers: (() => void)[] = [];
  const breath = new Breath();
  // The first frame never leaves without a pause.
  await breath.take();
  const lane = new Lane(ROUTE, {
    maxRows: 64,
    attentionTokens: Number.POSITIVE_INFINITY,
    breath,
    transmit: (_, offers) => {
      sent.push(offers);
      return new Promise((resolve) => answers.push(resolve));
    },
  });
  lane.frames = frames;
  const sessions = () => sent.map((offers) => offers.map(({ session }) => session));
  return { lane, sent, sessions, answer: () => answers.shift()!() };
}

/** Enough for code that waits for what has happened, and less than a turn of the event loop. */
async function microtasks(): Promise<void> {
  for (let count = 0; count < 20; count++) await Promise.resolve();
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 5));

test("only so many frames are in flight, and what came meanwhile leaves together", async () => {
  const { lane, sessions, answer } = await laneOf(2);
  for (const session of [1, 2]) lane.offer(offer(session, 5, 1));
  for (const session of [3, 4, 5]) lane.offer(offer(session, 0, 4));
  expect(sessions()).toEqual([[1], [2]]);
  lane.withdraw(1);
  answer();
  await microtasks();
  expect(sessions()).toEqual([[1], [2], [3, 4]]);
});

// Frames stayed as unequal as they began, here 15 rows and 1: of two processes each waited for the other's long one.
test("decoding sessions that come one after the other are soon shared equally among the frames in flight", async () => {
  const { lane, sent, answer } = await laneOf(2);
  const positions = new Map<number, number>();
  const goOn = (session: number) => {
    positions.set(session, (positions.get(session) ?? 4) + 1);
    lane.offer(offer(session, positions.get(session)!, 1));
  };
  for (let session = 0; session < 16; session++) goOn(session);
  let answered = 0;
  for (let step = 0; step < 10; step++) {
    answer();
    await microtasks();
    for (const { session } of sent[answered++]!) goOn(session);
    await microtasks();
  }
  expect(sent.slice(-4).map((offers) => offers.length)).toEqual([8, 8, 8, 8]);
});

test("a frame waits for those who were just answered, and leaves with the last of them", async () => {
  const { lane, sessions, answer } = await laneOf(1);
  lane.offer(offer(1, 5, 1));
  lane.offer(offer(2, 5, 1));
  lane.offer(offer(3, 5, 1));
  answer();
  await microtasks();
  expect(sessions()).toEqual([[1]]);
  lane.offer(offer(1, 6, 1));
  expect(sessions()).toEqual([[1], [2, 3, 1]]);
  answer();
  await microtasks();
  lane.offer(offer(3, 6, 1));
  // One has ended, the other comes.
  lane.withdraw(2);
  lane.offer(offer(1, 7, 1));
  expect(sessions().at(-1)).toEqual([3, 1]);
});

test("whoever does not come back holds nobody longer than a turn of the event loop, and goes on decoding", async () => {
  const { lane, sent, answer } = await laneOf(1);
  lane.offer(offer(1, 5, 1));
  lane.offer(offer(2, 0, 60));
  answer();
  await microtasks();
  expect(sent).toHaveLength(1);
  await turn();
  expect(sent.at(-1)).toMatchObject([{ session: 2, rows: LEAST_PROMPT_WORK }]);
  lane.withdraw(1);
  answer();
  await turn();
  expect(sent.at(-1)).toMatchObject([{ session: 2, rows: 60 - LEAST_PROMPT_WORK }]);
});
