import { runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { allFree, freshConductor } from "../ring/conductors.ts";
import { dropSessions, runningSessions } from "./dropped-sessions.ts";

const SESSIONS = 1000;
const TIME_LIMIT_MS = 240_000;

test(
  `${SESSIONS} sessions are opened and dropped at random points: pages, maps and records return to nothing`,
  async () => {
    const conductor = await freshConductor();
    await dropSessions(conductor, SESSIONS, "Once upon a time");
    await allFree(conductor);
    expect(await conductor.status()).toMatchObject({ paused: 0 });
    expect(await runningSessions()).toBe(0);
    // What is left can still be resumed: answers that ended or are kept, and nothing of those that were cancelled.
    const records = await runInDurableObject(
      conductor,
      async (_, { storage }) => await storage.list({ prefix: "call/" }),
    );
    expect(records.size).toBeGreaterThan(SESSIONS / 10);
    expect(records.size).toBeLessThan(SESSIONS);
  },
  TIME_LIMIT_MS,
);
