import { expect, test } from "vitest";
import type { Offer } from "../../../functions/pipeline/offer.ts";
import { LEAST_PROMPT_WORK, PROMPT_SHARE, Schedule } from "../../../functions/pipeline/schedule.ts";
import { offer } from "./offers.ts";

const EVEN = Number.POSITIVE_INFINITY;

function scheduleOf(maxRows: number, offers: readonly Offer[], attentionTokens = EVEN): Schedule {
  const schedule = new Schedule({ maxRows, attentionTokens });
  for (const each of offers) schedule.add(each);
  return schedule;
}

const rowsOf = (frame: readonly Offer[]) => frame.reduce((sum, { rows }) => sum + rows, 0);
const sessionsOf = (frame: readonly Offer[]) => frame.map(({ session }) => session);
const of = (tenant: string, weight = 1) => ({ share: { tenant, weight } });

test("everything that fits is taken, in order of arrival", () => {
  const offers = [offer(1, 10, 1), offer(3, 7, 1), offer(2, 0, 3)];
  const schedule = scheduleOf(5, offers);
  expect(schedule.take(1, 0)).toEqual(offers);
  expect(schedule.empty).toBe(true);
  expect(schedule.take(1, 0)).toEqual([]);
});

test("a prompt alone fills frames, and what does not fit is cut", () => {
  const schedule = scheduleOf(4, [offer(2, 20, 6)]);
  expect(schedule.take(1, 0)).toEqual([offer(2, 20, 4, { selections: [] })]);
  expect(schedule.take(1, 0)).toEqual([offer(2, 24, 2)]);
});

test("a session that is withdrawn is in no frame", () => {
  const schedule = scheduleOf(4, [offer(1, 0, 3), offer(2, 5, 1)]);
  schedule.withdraw(1);
  expect(sessionsOf(schedule.take(1, 0))).toEqual([2]);
});

/** The parts that a prompt of session 0 is fed in while `sessions` others decode, a frame each. */
function partsBeside(prompt: Offer, sessions: number, attentionTokens: number): Offer[] {
  const schedule = scheduleOf(64, [prompt], attentionTokens);
  const parts: Offer[] = [];
  while (!schedule.empty) {
    for (let session = 1; session <= sessions; session++) schedule.add(offer(session, 0, 1));
    const frame = schedule.take(1, 0);
    parts.push(frame.find(({ session }) => session === 0)!);
    // Nobody waits for a second frame.
    expect(frame).toHaveLength(sessions + 1);
  }
  return parts;
}

test.for([
  { sessions: 8, attentionTokens: EVEN },
  { sessions: 8, attentionTokens: 500 },
  { sessions: 1, attentionTokens: 500 },
  { sessions: 40, attentionTokens: 500 },
])("a long prompt keeps none of $sessions decoding rows waiting, and adds a limited work to each frame", (example) => {
  const { sessions, attentionTokens } = example;
  const parts = partsBeside(offer(0, 0, 4000), sessions, attentionTokens);
  const allowed = Math.max(LEAST_PROMPT_WORK, PROMPT_SHARE * sessions);
  let fed = 0;
  for (const { position, rows } of parts) {
    expect(position).toBe(fed);
    expect(rows * (1 + position / attentionTokens)).toBeLessThanOrEqual(allowed);
    fed += rows;
  }
  expect(fed).toBe(4000);
});

test("a row of a prompt that is more work than allowed goes on alone", () => {
  expect(partsBeside(offer(0, 50_000, 3), 1, 500).map(({ rows }) => rows)).toEqual([1, 1, 1]);
});

test("frames of nothing but a prompt are short too while others' decoding rows are in flight", () => {
  const schedule = scheduleOf(64, [offer(1, 0, 64)]);
  expect(rowsOf(schedule.take(4, 1))).toBe(LEAST_PROMPT_WORK / 4);
  expect(rowsOf(schedule.take(4, 0))).toBe(64 - LEAST_PROMPT_WORK / 4);
});

test("decoding rows that would fill every frame leave prompts a part", () => {
  const schedule = scheduleOf(16, [offer(100, 0, 8)]);
  for (let session = 0; session < 40; session++) schedule.add(offer(session, 5, 1));
  const frame = schedule.take(1, 0);
  expect(rowsOf(frame)).toBe(16);
  expect(frame.at(-1)).toMatchObject({ session: 100, rows: 2 });
});

test("a tenant of one session is in every frame beside one of fifty", () => {
  const schedule = scheduleOf(8, []);
  for (let session = 1; session <= 50; session++) schedule.add(offer(session, 5, 1, of("many")));
  for (let step = 0; step < 20; step++) {
    schedule.add(offer(0, step, 1, of("single")));
    const sessions = sessionsOf(schedule.take(1, 0));
    expect(sessions).toContain(0);
    expect(sessions).toHaveLength(8);
    for (const session of sessions) if (session > 0) schedule.add(offer(session, 5, 1, of("many")));
  }
});

test("sessions of one tenant wait alike", () => {
  const schedule = scheduleOf(8, []);
  const taken = new Map<number, number>();
  for (let session = 0; session < 50; session++) schedule.add(offer(session, 5, 1));
  for (let step = 0; step < 25; step++)
    for (const session of sessionsOf(schedule.take(1, 0))) {
      taken.set(session, (taken.get(session) ?? 0) + 1);
      schedule.add(offer(session, 5, 1));
    }
  expect([...taken.values()]).toEqual(Array.from({ length: 50 }, () => 4));
});

test.for([
  { kind: "decoding rows", rows: 1 },
  { kind: "prompts", rows: 500 },
])("tenants share frames of $kind by weight", ({ rows }) => {
  const schedule = scheduleOf(16, []);
  const taken = { light: 0, heavy: 0 };
  for (let session = 0; session < 20; session++) {
    schedule.add(offer(session, 0, rows, of("light")));
    schedule.add(offer(100 + session, 0, rows, of("heavy", 3)));
  }
  for (let step = 0; step < 100; step++)
    for (const part of schedule.take(1, 0)) {
      taken[part.share.tenant as "light" | "heavy"] += part.rows;
      if (rows === 1) schedule.add(part);
    }
  expect(taken).toEqual({ light: 400, heavy: 1200 });
});
