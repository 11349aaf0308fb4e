import type { AnswerEvent } from "../generation-events.ts";
import type { Timings } from "../pipeline/timings.ts";
import { isolateTally } from "./isolate-tally.ts";

/** The same events, with the time to the first token from `startMs`, the times between tokens and the phases counted. */
export async function* timedEvents(events: AsyncGenerator<AnswerEvent>, startMs: number): AsyncGenerator<AnswerEvent> {
  let lastMs: number | undefined;
  for await (const event of events) {
    if (event.type === "token") {
      const nowMs = Date.now();
      if (lastMs === undefined) isolateTally.observe("first_token", nowMs - startMs);
      else isolateTally.observe("inter_token", nowMs - lastMs);
      lastMs = nowMs;
    } else if (event.type === "done" && event.timings) countPhases(event.timings);
    yield event;
  }
}

function countPhases({ queueMs, prefillMs, decodeMs, samplingMs, wireMs }: Timings): void {
  isolateTally.observe("queue", queueMs);
  isolateTally.observe("prefill", prefillMs);
  isolateTally.observe("decode", decodeMs);
  isolateTally.observe("sampling", samplingMs);
  isolateTally.observe("wire", wireMs);
}
