import type { Context } from "hono";
import { setMetric } from "hono/timing";
import { choiceSeed } from "../../runtime/random.ts";
import { type ApiError, toApiError } from "../errors.ts";
import { EVENT_HEARTBEAT, eventOf, HEARTBEAT_MS, heartbeatBody, JSON_HEARTBEAT, within } from "../event-stream.ts";
import type { Model } from "../model.ts";
import type { GenerateCall, KeptRequest } from "../pipeline/generation-call.ts";
import { type GenerationOptions, invalid } from "../request/generation-fields.ts";
import { SequenceCursor } from "../responses/sequence-cursor.ts";
import { readPipelineSettings } from "../settings.ts";
import { type GenerationAsked, sequenceReservation } from "../tenants/reservation.ts";
import { type Admission, admit } from "./admission.ts";
import { type AnswerPrompt, answerParts } from "./answer-parts.ts";
import { eventPieces, jsonPieces } from "./answer-pieces.ts";
import type { GatewayTypes } from "./context.ts";
import { EventCursor } from "./event-cursor.ts";
import { logFailure } from "./log.ts";
import { requireRoom } from "./prompt.ts";
import { type ReplyForm, type ReplyHead, type ReplyOptions, systemFingerprint, timingsOf } from "./reply.ts";
import { requestName } from "./request-name.ts";
import { Sequences } from "./sequences.ts";
import { setServerTiming } from "./server-timing.ts";

type Parts = ReturnType<typeof answerParts>;

/** An answer as it is told to one reader. */
export interface Telling {
  readonly pieces: AsyncGenerator<string>;
  /** What a stream says at its end when it fails. */
  readonly lastWords: (failure: ApiError) => string;
}

/** How an answer is told: as choices in OpenAI's older forms, or in a form that is all its own. */
type Wire =
  | { readonly form: (head: ReplyHead, options: ReplyOptions) => ReplyForm }
  | { readonly write: (head: ReplyHead, parts: Parts, stream: boolean, cursor?: SequenceCursor) => Telling };

export type AnswerRequest = Wire & {
  readonly model: Model;
  readonly prompts: readonly AnswerPrompt[];
  /** The field that held the prompts. */
  readonly promptField: string;
  readonly options: GenerationOptions;
  /** In front of the answer's id. */
  readonly idPrefix: string;
};

/** A request that was admitted, now or earlier. */
export interface Admitted extends Pick<Admission, "reservationId" | "atMs" | "maxTokens" | "weight" | "headers"> {
  /** When the caller asked, now. */
  readonly startMs: number;
  /** Where its caller gave it a name: what anyone can answer it from again. */
  readonly kept?: KeptRequest;
  /** How much of a kept answer the caller has. */
  readonly cursor?: EventCursor | SequenceCursor;
}

/**
 * Admits a validated request to `path`, or finds the one that has its Idempotency-Key, and answers it. `body` is the text
 * that it came in.
 */
export async function answer(
  c: Context<GatewayTypes>,
  request: AnswerRequest,
  path: string,
  body: string,
): Promise<Response> {
  const name = requestName(c.req.header("idempotency-key"), path, body);
  const begun = c.req.header("last-event-id") !== undefined;
  if (begun && !(name && request.options.stream))
    throw invalid("Last-Event-ID", "only with Idempotency-Key and stream true");
  const cursor = name && cursorOf(c, request);
  const startMs = Date.now();
  const admission = await admit(c.env, c.get("key"), reservationOf(request), name && { ...name, begun });
  setMetric(c, "admission", Date.now() - startMs);
  if (!name || !cursor) return deliver(c, request, { ...admission, startMs });
  const kept = { path, body: new TextEncoder().encode(body), atMs: admission.atMs };
  return deliver(c, request, { ...admission, startMs, kept, cursor });
}

/** Where the caller is in the answer's stream; an ApiError (400) when its Last-Event-ID is none of such an answer's. */
export function cursorOf(c: Context<GatewayTypes>, request: AnswerRequest): EventCursor | SequenceCursor {
  const lastEventId = c.req.header("last-event-id");
  if ("write" in request) return lastEventId === undefined ? SequenceCursor.start() : SequenceCursor.parse(lastEventId);
  const { prompts, options } = request;
  const sequences = prompts.length * options.choices;
  if (lastEventId === undefined) return EventCursor.start(sequences);
  return EventCursor.parse(lastEventId, sequences, options.includeUsage || options.includeTimings);
}

/** Generates, or joins what is generated already, and answers as JSON or as server-sent events. */
export async function deliver(c: Context<GatewayTypes>, request: AnswerRequest, admitted: Admitted): Promise<Response> {
  const { model, prompts, options, idPrefix } = request;
  const settings = readPipelineSettings(c.env);
  const { startMs } = admitted;
  const sequences = await Sequences.start(c.env, model, callsOf(request, c.get("key").tenant, admitted));
  const head: ReplyHead = {
    id: `${idPrefix}${admitted.reservationId}`,
    created: Math.floor(admitted.atMs / 1000),
    model: model.manifest.name,
    system_fingerprint: systemFingerprint(model, settings),
  };
  const { includeUsage, choices, logprobs, ignoreEos, stopIds } = options;
  const partsWithout = (hiddenIds: readonly number[]) =>
    answerParts(sequences.events(startMs), {
      prompts: prompts.flatMap((prompt) => Array.from({ length: choices }, () => prompt)),
      tokenizer: model.tokenizer,
      hiddenIds: new Set(hiddenIds),
    });
  const { cursor } = admitted;
  const choicesOf = ({ form }: Extract<Wire, { form: unknown }>): Telling => {
    const reply = form(head, { includeUsage, logprobs: logprobs !== undefined, choices });
    const endIds = [...(ignoreEos ? [] : model.manifest.specialTokens.stop), ...stopIds];
    const parts = partsWithout(reply.scoresEnd ? [] : endIds);
    const timingsAtEnd = () => (options.includeTimings && sequences.timings ? timingsOf(sequences.timings) : undefined);
    const after = cursor instanceof EventCursor ? cursor : undefined;
    const pieces = options.stream
      ? eventPieces(parts, reply, includeUsage, timingsAtEnd, after)
      : jsonPieces(parts, reply, timingsAtEnd);
    return { pieces, lastWords: ({ body }) => eventOf(JSON.stringify(body)) };
  };
  const telling =
    "write" in request
      ? request.write(head, partsWithout([]), options.stream, cursor instanceof SequenceCursor ? cursor : undefined)
      : choicesOf(request);
  return respond(c, sequences, telling, options.stream, { ...admitted.headers, "x-generation-id": head.id });
}

/** What a request asks of its tenant's ledger; an ApiError (400) when it does not fit the model's context. */
function reservationOf({ model, prompts, promptField, options }: AnswerRequest): GenerationAsked {
  const { maxTokens, choices } = options;
  const rooms = prompts.map(({ ids }) => requireRoom(model.manifest, ids.length, maxTokens, promptField));
  return {
    model: model.manifest.name,
    labels: options.labels,
    promptTokens: prompts.reduce((sum, { ids }) => sum + ids.length, 0),
    sequences: prompts.flatMap(({ ids }) =>
      Array.from({ length: choices }, (_, choice) => (choice === 0 ? ids.length : 0)),
    ),
    roomTokens: Math.min(...rooms),
    ...(maxTokens !== undefined && { maxTokens }),
  };
}

/** One call for each choice of each prompt; the choices of a prompt are next to each other. */
function callsOf(
  { model, prompts, options }: AnswerRequest,
  tenant: string,
  { reservationId, maxTokens, weight, kept }: Admitted,
): GenerateCall[] {
  const { sampling, choices, minTokens, stop, stopIds, ignoreEos, logprobs, promptLogprobs, cacheKey, constraint } =
    options;
  return prompts.flatMap(({ ids }, prompt) =>
    Array.from({ length: choices }, (_, choice): GenerateCall => {
      const index = prompt * choices + choice;
      return {
        id: index === 0 ? reservationId : `${reservationId}-${index}`,
        tenant,
        reservationId: sequenceReservation(reservationId, index),
        weight,
        manifestHash: model.manifestHash,
        promptIds: ids,
        sampling: { ...sampling, seed: choiceSeed(sampling.seed, choice) },
        maxTokens,
        minTokens,
        stop,
        stopIds,
        ignoreEos,
        ...(logprobs !== undefined && { logprobs }),
        ...(promptLogprobs !== undefined && { promptLogprobs }),
        ...(constraint && { constraint }),
        ...(cacheKey !== undefined && { cacheKey }),
        ...(kept && { kept: true }),
        ...(kept && index === 0 && { request: kept }),
      };
    }),
  );
}

/**
 * Answers with what is told. What fails within the first heartbeat still gets a real status; later failures can only be
 * said in the body. A client that leaves ends the generation, or pauses it where it is kept.
 */
async function respond(
  c: Context<GatewayTypes>,
  sequences: Sequences,
  { pieces, lastWords }: Telling,
  stream: boolean,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  const first = pieces.next();
  await within(first, HEARTBEAT_MS);
  // Headers leave now: they tell of an answer that is through, and what `timings` asks for of any.
  if (!stream && sequences.timings) setServerTiming(c, sequences.timings);
  const ended = Promise.withResolvers<void>();
  let over = false;
  const onEnd = (left: boolean) => {
    if (over) return;
    over = true;
    ended.resolve(left ? sequences.leave() : undefined);
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
      return stream ? lastWords(failure) : undefined;
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
