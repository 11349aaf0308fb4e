import { expect, test } from "vitest";
import { allFree, freshConductor } from "../ring/conductors.ts";
import { deployWindows } from "../ring/windowed-model.ts";
import { dropSessions, runningSessions } from "./dropped-sessions.ts";

const SESSIONS = 250;
const KV_TOKENS = 2048;
/** Of about five sessions at once. */
const KV_WINDOW_TOKENS = 512;
const TIME_LIMIT_MS = 240_000;

await deployWindows(40);

test(
  `${SESSIONS} sessions of a model with windows are dropped at random points: pages of both kinds come back`,
  async () => {
    const conductor = await freshConductor({
      LAPIDARY_STAGES: "2",
      LAPIDARY_CHUNK_ROWS: "16",
      LAPIDARY_KV_TOKENS: String(KV_TOKENS),
      LAPIDARY_KV_WINDOW_TOKENS: String(KV_WINDOW_TOKENS),
    });
    await dropSessions(conductor, SESSIONS, "Once upon a time there was a small house. ".repeat(10));
    await allFree(conductor, 2000, KV_TOKENS, KV_WINDOW_TOKENS);
    expect(await conductor.status()).toMatchObject({ paused: 0 });
    expect(await runningSessions()).toBe(0);
  },
  TIME_LIMIT_MS,
);
