import { ApiFailure, request } from "./api.browser.js";
import { readEvents } from "./events.browser.js";

/** The service writes a comment every second, so whoever is silent for so long is gone. */
const SILENCE_MS = 10_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8_000;
/** Without a single event in between. */
const MAX_LOSSES = 7;
/** What may pass when a connection comes back: no place free yet, or a part of the service away. */
const PASSING = [408, 429, 502, 503, 504];
const LONGEST_ASKED_WAIT_MS = 60_000;
/** Of the name that joins the request to its answer again. */
const NAME_BYTES = 16;

/**
 * Asks for an answer and yields `{ text }`, `{ finish }` and at the end `{ usage, timings }`. A connection that breaks is
 * made again, and the answer goes on after the last event that came. `onHeaders` sees each response's, `onLoss` how long
 * it takes until the next attempt. Throws an ApiFailure, or an AbortError when `signal` stopped it, which ends the
 * generation too.
 */
export async function* streamAnswer(body, { signal, onHeaders, onLoss }) {
  const seen = { lastEventId: null, generation: null, losses: 0 };
  const headers = { "content-type": "application/json", "idempotency-key": newName() };
  const init = { method: "POST", body: JSON.stringify({ ...body, timings: true }) };
  try {
    for (;;) {
      const last = seen.lastEventId === null ? {} : { "last-event-id": seen.lastEventId };
      try {
        yield* readOnce({ ...init, headers: { ...headers, ...last } }, seen, signal, onHeaders);
        return;
      } catch (error) {
        await toNextAttempt(error, seen, signal, onLoss);
      }
    }
  } finally {
    if (signal.aborted) cancel(seen.generation);
  }
}

/** Waits until another attempt has a chance; throws what ends the answer. */
async function toNextAttempt(error, seen, signal, onLoss) {
  if (signal.aborted || isFinal(error, seen.losses)) throw error;
  if (++seen.losses > MAX_LOSSES) throw error instanceof ApiFailure ? error : lost();
  const waitMs = error.waitMs ?? Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (seen.losses - 1));
  onLoss(waitMs);
  await pause(waitMs, signal);
}

async function* readOnce(init, seen, signal, onHeaders) {
  const silence = new AbortController();
  let watch;
  const heard = () => {
    clearTimeout(watch);
    watch = setTimeout(() => silence.abort(), SILENCE_MS);
  };
  try {
    const response = await request("/chat/completions", { ...init, signal: AbortSignal.any([signal, silence.signal]) });
    onHeaders(response.headers);
    seen.generation = response.headers.get("x-generation-id");
    heard();
    for await (const { id, data } of readEvents(response.body, heard)) {
      if (data === "[DONE]") return;
      const { error, choices, usage, timings } = JSON.parse(data);
      if (error) throw new ApiFailure(null, error);
      seen.lastEventId = id;
      seen.losses = 0;
      const choice = choices[0];
      if (choice?.delta.content) yield { text: choice.delta.content };
      if (choice?.finish_reason) yield { finish: choice.finish_reason };
      if (usage || timings) yield { usage, timings };
    }
    throw lost();
  } finally {
    clearTimeout(watch);
  }
}

/** A refusal of the first attempt is the answer; later ones may pass, and what is no refusal is a broken connection. */
function isFinal(error, losses) {
  if (!(error instanceof ApiFailure) || error.code === LOST) return false;
  return losses === 0 || !PASSING.includes(error.status) || error.waitMs > LONGEST_ASKED_WAIT_MS;
}

const LOST = "connection_lost";
const lost = () => new ApiFailure(null, { message: "The connection to the service is lost.", code: LOST });

/** Its place is free at once, not only when the service has noticed that nobody reads. */
function cancel(generation) {
  if (generation !== null) request(`/generations/${generation}/cancel`, { method: "POST" }).catch(() => {});
}

/** Ends early when the network is back; throws when `signal` says so. */
async function pause(ms, signal) {
  const { promise, resolve } = Promise.withResolvers();
  const timer = setTimeout(resolve, ms);
  for (const [target, event] of [
    [window, "online"],
    [signal, "abort"],
  ])
    target.addEventListener(event, resolve, { once: true });
  await promise;
  clearTimeout(timer);
  signal.throwIfAborted();
}

/** Not randomUUID, which pages without TLS do not have. */
const newName = () =>
  [...crypto.getRandomValues(new Uint8Array(NAME_BYTES))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
