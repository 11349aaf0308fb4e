import { expect, test } from "vitest";
import { type AnswerEvent, readEvents } from "../../../functions/generation-events.ts";
import type { GenerationEvent } from "../../../functions/pipeline/generation-call.ts";

const token = { type: "token", ids: [7], text: "ö€😀" } as const;
const done = { type: "done", finish: "stop", promptTokens: 1, completionTokens: 2 } as const;
const lines = (...events: GenerationEvent[]) =>
  new TextEncoder().encode(events.map((event) => `${JSON.stringify(event)}\n`).join(""));

function streamOf(bytes: Uint8Array, chunkBytes: number): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + chunkBytes));
      at += chunkBytes;
    },
  });
}

async function read(stream: ReadableStream<Uint8Array>, signal = new AbortController().signal): Promise<AnswerEvent[]> {
  const events: AnswerEvent[] = [];
  for await (const event of readEvents(stream, signal)) events.push(event);
  return events;
}

test.each([1, 2, 7, 1000])("events arrive whole from chunks of %i bytes", async (chunkBytes) => {
  expect(await read(streamOf(lines(token, token, done), chunkBytes))).toEqual([token, token, done]);
});

test.each([
  ["ends before its last event", lines(token)],
  ["ends inside a line", lines(token, done).slice(0, -5)],
  ["is no JSON", new TextEncoder().encode("oops\n")],
])("a stream that %s is a lost pipeline, not an end", async (_, bytes) => {
  await expect(read(streamOf(bytes, 10))).rejects.toMatchObject({ status: 503, code: "stage_lost" });
});

test("a failure of the pipeline is thrown as what it is", async () => {
  const failure = { code: "bad_shard", message: "layer-00-0.bin has another hash" } as const;
  const failed = lines(token, { type: "error", failure });
  await expect(read(streamOf(failed, 100))).rejects.toMatchObject({
    status: 500,
    code: "bad_shard",
    message: failure.message,
  });
});

test("what was a bug says nothing of itself to the caller", async () => {
  const failed = lines({ type: "error", failure: { code: "internal", message: "undefined is not a function" } });
  await expect(read(streamOf(failed, 100))).rejects.toMatchObject({
    status: 500,
    message: expect.not.stringContaining("undefined"),
  });
});

test("leaving ends a read that nothing would ever answer", async () => {
  const leaving = new AbortController();
  const reading = read(new ReadableStream(), leaving.signal);
  leaving.abort();
  await expect(reading).rejects.toMatchObject({ code: "stage_lost" });
});
