import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { type AnswerEvent, readEvents } from "../../../functions/generation-events.ts";
import { Readers } from "../../../functions/pipeline/readers.ts";

const EVENTS = 5_000;
/** Of the events below, far more than a stream holds. */
const TEXT = "x".repeat(200);
const done = { type: "done", finish: "length", promptTokens: 1, completionTokens: EVENTS } as const;
const token = (id: number) => ({ type: "token", ids: [id], text: TEXT }) as const;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Streams of the runtime live in an object. */
async function inObject(work: () => Promise<void>): Promise<void> {
  await runInDurableObject(env.CONDUCTOR.getByName(crypto.randomUUID()), work);
}

/** Writes all events and ends; tells how many were written. */
function writing(readers: Readers, left: () => boolean) {
  const progress = { written: 0 };
  const over = (async () => {
    for (let id = 0; id < EVENTS && !left(); id++) {
      await readers.write(token(id));
      progress.written++;
    }
    readers.close(left() ? null : done);
  })();
  return { progress, over };
}

async function idsOf(events: AsyncGenerator<AnswerEvent>): Promise<number[]> {
  const ids: number[] = [];
  for await (const event of events) if (event.type === "token") ids.push(...event.ids);
  return ids;
}

const read = (stream: ReadableStream<Uint8Array>) => idsOf(readEvents(stream, new AbortController().signal));

test("every reader gets every event, whenever it came", async () => {
  await inObject(async () => {
    const readers = new Readers(() => undefined);
    const first = readers.join()!;
    const { progress, over } = writing(readers, () => false);
    const firstIds = read(first.events);
    while (progress.written < EVENTS / 2) await pause(1);
    const second = readers.join()!;
    const secondIds = read(second.events);
    await over;
    const third = readers.join()!;
    const all = Array.from({ length: EVENTS }, (_, id) => id);
    expect(await Promise.all([firstIds, secondIds, read(third.events)])).toEqual([all, all, all]);
  });
});

test("a generation waits for its only reader, so that what is unread stays little", async () => {
  await inObject(async () => {
    let gone: string | undefined;
    const readers = new Readers((how) => {
      gone = how;
    });
    const slow = readers.join()!;
    const { progress, over } = writing(readers, () => gone !== undefined);
    const reader = slow.events.getReader();
    await reader.read();
    await pause(50);
    const { written } = progress;
    expect(written * TEXT.length).toBeLessThan(128 * 1024);
    await pause(50);
    expect(progress.written).toBe(written);
    readers.leave(slow.reader);
    await over;
    expect(gone).toBe("paused");
  });
});

test("a slow reader keeps nobody back", async () => {
  await inObject(async () => {
    const readers = new Readers(() => undefined);
    const slow = readers.join()!;
    const fast = readers.join()!;
    const { over } = writing(readers, () => false);
    expect(await read(fast.events)).toHaveLength(EVENTS);
    await over;
    expect(await read(slow.events)).toHaveLength(EVENTS);
  });
});

test("a generation goes on as long as one reader is left, and hears how the last one went", async () => {
  await inObject(async () => {
    const gone: string[] = [];
    const readers = new Readers((how) => gone.push(how));
    const [one, other] = [readers.join()!, readers.join()!];
    await readers.write(token(0));
    readers.leave(one.reader);
    readers.leave(one.reader);
    expect(gone).toEqual([]);
    await other.events.cancel();
    for (let id = 1; gone.length === 0; id++) {
      await readers.write(token(id));
      await pause(1);
    }
    expect(gone).toEqual(["left"]);
  });
});

test("only so many may read at a time", async () => {
  await inObject(async () => {
    const readers = new Readers(() => undefined);
    const joined = [];
    for (let next = readers.join(); next !== null; next = readers.join()) joined.push(next);
    expect(joined).toHaveLength(64);
    readers.leave(joined[0]!.reader);
    expect(readers.join()).not.toBeNull();
    readers.close(null);
  });
});
