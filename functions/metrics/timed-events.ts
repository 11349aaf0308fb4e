import type { AnswerEvent } from "../generation-events.ts";
import { isolateTally } from "./isolate-tally.ts";

/** The same events, with the time to the first token from `startMs` and the times between tokens counted. */
export async function* timedEvents(events: AsyncGenerator<AnswerEvent>, startMs: number): AsyncGenerator<AnswerEvent> {
  let lastMs: number | undefined;
  for await (const event of events) {
    if (event.type === "token") {
      const nowMs = Date.now();
      if (lastMs === undefined) isolateTally.observe("first_token", nowMs - startMs);
      else isolateTally.observe("inter_token", nowMs - lastMs);
      lastMs = nowMs;
    }
    yield event;
  }
}
