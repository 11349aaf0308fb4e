import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { BODY_LIMIT_MS, readJsonBody } from "../../../functions/request/json-body.ts";

const SECOND_MS = 1000;

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

/** A request whose body comes a byte at a time, one a second, and tells when nobody reads it any more. */
function slowRequest(text: string) {
  const cancelled = vi.fn<() => void>();
  const bytes = new TextEncoder().encode(text);
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) =>
      new Promise((resolve) => {
        setTimeout(() => {
          if (cancelled.mock.calls.length > 0) return resolve();
          if (sent < bytes.length) controller.enqueue(bytes.slice(sent, ++sent));
          else controller.close();
          resolve();
        }, SECOND_MS);
      }),
    cancel: cancelled,
  });
  return { request: new Request("https://lapidary.test/", { method: "POST", body }), cancelled };
}

test("a body that takes longer than a body may is refused, and its sender is let go", async () => {
  const { request, cancelled } = slowRequest(`{"a": "${"x".repeat(100)}"}`);
  const refused = expect(readJsonBody(request)).rejects.toMatchObject({ status: 408, code: "request_timeout" });
  await vi.advanceTimersByTimeAsync(BODY_LIMIT_MS);
  await refused;
  expect(cancelled).toHaveBeenCalledOnce();
});

test("so is one that comes from the network and never ends", async () => {
  const { readable, writable } = new IdentityTransformStream();
  const body = new Request("https://lapidary.test/", { method: "POST", body: readable });
  void writable.getWriter().write(new TextEncoder().encode("{"));
  const refused = expect(readJsonBody(body)).rejects.toMatchObject({ status: 408, code: "request_timeout" });
  await vi.advanceTimersByTimeAsync(BODY_LIMIT_MS);
  await refused;
});

test("a body that is slow but in time is read", async () => {
  const reading = readJsonBody(slowRequest('{"a": [1, 2]}').request);
  await vi.advanceTimersByTimeAsync(BODY_LIMIT_MS - SECOND_MS);
  expect(await reading).toEqual({ a: [1, 2] });
});
