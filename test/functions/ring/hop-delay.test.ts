import { expect, test } from "vitest";
import { readEvents } from "../../../functions/generation-events.ts";
import { eventsLocally } from "./all-events.ts";
import { callFor, freshConductor, requestFor } from "./conductors.ts";

const HOP_MS = 20;
const TOKENS = 4;

test("late messages change no token, and the time they take is told", async () => {
  const settings = { LAPIDARY_STAGES: "2", LAPIDARY_HOP_MS: String(HOP_MS) };
  const conductor = await freshConductor(settings);
  const request = await requestFor("The capital of Peru is", { maxTokens: TOKENS });
  const answer = await conductor.generate(await callFor(request));
  if (!answer.admitted) throw new Error(answer.failure.message);
  const ids: number[] = [];
  for await (const event of readEvents(answer.events, new AbortController().signal)) {
    if (event.type === "token") ids.push(...event.ids);
    if (event.type !== "done") continue;
    // Conductor, two stages, a vocabulary shard, conductor.
    const stepMs = 4 * HOP_MS;
    const { prefillMs, decodeMs, wireMs } = event.timings!;
    expect(wireMs).toBeGreaterThanOrEqual(TOKENS * stepMs);
    expect(wireMs).toBeLessThanOrEqual(prefillMs + decodeMs);
  }
  const [expected] = await eventsLocally([request]);
  expect(ids).toEqual(expected!.flatMap((event) => (event.type === "token" ? event.ids : [])));
});
