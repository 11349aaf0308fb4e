import type { Context } from "hono";
import { toApiError } from "../errors.ts";
import { EVENT_HEARTBEAT, eventOf, HEARTBEAT_MS, heartbeatBody, JSON_HEARTBEAT, within } from "../event-stream.ts";
import type { AnswerEvent } from "../generation-events.ts";
import { timedEvents } from "../metrics/timed-events.ts";
import type { Model } from "../model.ts";
import type { GenerationOptions } from "../request/generation-fields.ts";
import { readPipelineSettings } from "../settings.ts";
import { admit, randomId } from "./admission.ts";
import type { GatewayTypes } from "./context.ts";
import { type Generation, startGeneration } from "./generation.ts";
import { logFailure } from "./log.ts";
import { requireRoom } from "./prompt.ts";
import { type ReplyForm, type ReplyHead, systemFingerprint } from "./reply.ts";

export interface AnswerRequest {
  readonly model: Model;
  readonly promptIds: readonly number[];
  /** The field that held the prompt. */
  readonly promptField: string;
  readonly options: GenerationOptions;
  /** In front of the answer's id. */
  readonly idPrefix: string;
  readonly form: (head: ReplyHead, includeUsage: boolean) => ReplyForm;
}

/** Admits a validated request, generates, and answers as JSON or as server-sent events. */
export async function answer(
  c: Context<GatewayTypes>,
  { model, promptIds, promptField, options, idPrefix, form }: AnswerRequest,
): Promise<Response> {
  const settings = readPipelineSettings(c.env);
  const startMs = Date.now();
  const key = c.get("key");
  const roomTokens = requireRoom(model.manifest, promptIds.length, options.maxTokens, promptField);
  const admission = await admit(c.env, key, {
    model: model.manifest.name,
    promptTokens: promptIds.length,
    roomTokens,
    ...(options.maxTokens !== undefined && { maxTokens: options.maxTokens }),
  });
  const id = randomId();
  const generation = await startGeneration(c.env, model, {
    id,
    tenant: key.tenant,
    reservationId: admission.reservationId,
    manifestHash: model.manifestHash,
    promptIds,
    sampling: options.sampling,
    maxTokens: admission.maxTokens,
    stop: options.stop,
  });
  const head: ReplyHead = {
    id: `${idPrefix}${id}`,
    created: Math.floor(Date.now() / 1000),
    model: model.manifest.name,
    system_fingerprint: systemFingerprint(model, settings),
  };
  const reply = form(head, options.includeUsage);
  const events = timedEvents(generation.events, startMs);
  const pieces = options.stream ? eventPieces(events, reply, options.includeUsage) : jsonPieces(events, reply);
  return respond(c, generation, pieces, options.stream, admission.headers);
}

/**
 * Answers with `pieces`. What fails within the first heartbeat still gets a real status; later failures can only be said
 * in the body. A client that leaves ends the generation.
 */
async function respond(
  c: Context<GatewayTypes>,
  generation: Generation,
  pieces: AsyncGenerator<string>,
  stream: boolean,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  const first = pieces.next();
  await within(first, HEARTBEAT_MS);
  const ended = Promise.withResolvers<void>();
  let over = false;
  const onEnd = (left: boolean) => {
    if (over) return;
    over = true;
    ended.resolve(left ? generation.leave() : undefined);
  };
  // After a disconnect nothing but waitUntil keeps this request's code alive for the cancelling.
  c.executionCtx.waitUntil(ended.promise);
  const { signal } = c.req.raw;
  if (signal.aborted) onEnd(true);
  signal.addEventListener("abort", () => onEnd(true), { once: true });
  const body = heartbeatBody(withFirst(first, pieces), {
    heartbeat: stream ? EVENT_HEARTBEAT : JSON_HEARTBEAT,
    onFailure: (error) => {
      const failure = toApiError(error);
      logFailure(c, failure);
      return stream ? eventOf(JSON.stringify(failure.body)) : undefined;
    },
    onEnd,
  });
  return c.body(body, 200, {
    ...headers,
    "content-type": stream ? "text/event-stream; charset=utf-8" : "application/json",
    // Whoever compresses on the way holds small pieces back, and with them every heartbeat: the edge leaves alone what must
    // not be transformed, the local server what names an encoding, and nginx what asks not to be buffered.
    "cache-control": "no-store, no-transform",
    "content-encoding": "identity",
    "x-accel-buffering": "no",
  });
}

/** The stream of a streamed answer: chunks, the usage if asked for, and the mark of a clean end. */
async function* eventPieces(
  events: AsyncGenerator<AnswerEvent>,
  reply: ReplyForm,
  includeUsage: boolean,
): AsyncGenerator<string> {
  const chunk = (object: object) => eventOf(JSON.stringify(object));
  let opened = false;
  for await (const event of events) {
    const opening = opened ? undefined : reply.opening();
    opened = true;
    if (opening) yield chunk(opening);
    if (event.type === "token") {
      if (event.text !== "") yield chunk(reply.delta(event.text));
    } else if (event.type === "done") {
      yield chunk(reply.closing(event.finish));
      if (includeUsage) yield chunk(reply.usage(event));
      yield eventOf("[DONE]");
    }
  }
}

/** The one piece of an answer that is not streamed. */
async function* jsonPieces(events: AsyncGenerator<AnswerEvent>, reply: ReplyForm): AsyncGenerator<string> {
  let text = "";
  for await (const event of events) {
    if (event.type === "token") text += event.text;
    else if (event.type === "done") yield JSON.stringify(reply.whole(text, event.finish, event));
  }
}

/** The iterator as it was before its first step was taken. */
function withFirst(first: Promise<IteratorResult<string>>, rest: AsyncGenerator<string>): AsyncIterator<string> {
  let taken: Promise<IteratorResult<string>> | undefined = first;
  return {
    next() {
      const next = taken ?? rest.next();
      taken = undefined;
      return next;
    },
  };
}
