import { describe, expect, test } from "vitest";
import { EVENT_HEARTBEAT, HEARTBEAT_MS, heartbeatBody, JSON_HEARTBEAT } from "../../../functions/event-stream.ts";

const PAUSE_MS = 2.5 * HEARTBEAT_MS;
const pause = () => new Promise((resolve) => setTimeout(resolve, PAUSE_MS));

async function* slowly(...pieces: (string | Error)[]): AsyncGenerator<string> {
  for (const piece of pieces) {
    await pause();
    if (piece instanceof Error) throw piece;
    yield piece;
  }
}

function bodyOf(pieces: AsyncIterator<string>, heartbeat: string, lastWords?: string) {
  const ends: boolean[] = [];
  const options = { heartbeat, onFailure: () => lastWords, onEnd: (left: boolean) => ends.push(left) };
  return { body: heartbeatBody(pieces, options), ends };
}

describe.concurrent("a body whose pieces are slow", () => {
  test("says a comment of one line, at least one a second, until the next event", async () => {
    const { body, ends } = bodyOf(slowly("data: 1\n\n", "data: 2\n\n"), EVENT_HEARTBEAT);
    expect(await new Response(body).text()).toMatch(/^:\n:\ndata: 1\n\n(:\n){1,2}data: 2\n\n$/);
    expect(HEARTBEAT_MS).toBeLessThanOrEqual(1000);
    expect(ends).toEqual([false]);
  });

  test("stays the same JSON", async () => {
    const { body } = bodyOf(slowly('{"a": 1}'), JSON_HEARTBEAT);
    const text = await new Response(body).text();
    expect(text).toBe('  {"a": 1}');
    expect(JSON.parse(text)).toEqual({ a: 1 });
  });

  test("ends with the last words of a failure", async () => {
    const { body, ends } = bodyOf(slowly(new Error("lost")), EVENT_HEARTBEAT, 'data: {"error":{}}\n\n');
    expect(await new Response(body).text()).toBe(':\n:\ndata: {"error":{}}\n\n');
    expect(ends).toEqual([false]);
  });

  test("breaks off when a failure has no last words", async () => {
    const { body, ends } = bodyOf(slowly(new Error("lost")), JSON_HEARTBEAT);
    await expect(new Response(body).text()).rejects.toThrow("lost");
    expect(ends).toEqual([false]);
  });

  test("tells that its reader left, and nothing after that", async () => {
    const { body, ends } = bodyOf(slowly(new Error("lost")), EVENT_HEARTBEAT, "data: late\n\n");
    const reader = body.getReader();
    await reader.read();
    await reader.cancel();
    await pause();
    expect(ends).toEqual([true]);
  });
});
