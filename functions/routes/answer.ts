import type { Context } from "hono";
import { setMetric } from "hono/timing";
import { choiceSeed } from "../../runtime/random.ts";
import { toApiError } from "../errors.ts";
import { EVENT_HEARTBEAT, eventOf, HEARTBEAT_MS, heartbeatBody, JSON_HEARTBEAT, within } from "../event-stream.ts";
import type { Model } from "../model.ts";
import type { GenerateCall } from "../pipeline/generation-call.ts";
import type { GenerationOptions } from "../request/generation-fields.ts";
import { readPipelineSettings } from "../settings.ts";
import { type GenerationAsked, sequenceReservation } from "../tenants/reservation.ts";
import { type Admission, admit, randomId } from "./admission.ts";
import { type AnswerPrompt, answerParts } from "./answer-parts.ts";
import { eventPieces, jsonPieces } from "./answer-pieces.ts";
import type { GatewayTypes } from "./context.ts";
import { logFailure } from "./log.ts";
import { requireRoom } from "./prompt.ts";
import { type ReplyForm, type ReplyHead, type ReplyOptions, systemFingerprint, timingsOf } from "./reply.ts";
import { Sequences } from "./sequences.ts";
import { setServerTiming } from "./server-timing.ts";

export interface AnswerRequest {
  readonly model: Model;
  readonly prompts: readonly AnswerPrompt[];
  /** The field that held the prompts. */
  readonly promptField: string;
  readonly options: GenerationOptions;
  /** In front of the answer's id. */
  readonly idPrefix: string;
  readonly form: (head: ReplyHead, options: ReplyOptions) => ReplyForm;
}

/** Admits a validated request, generates, and answers as JSON or as server-sent events. */
export async function answer(c: Context<GatewayTypes>, request: AnswerRequest): Promise<Response> {
  const { model, prompts, options, idPrefix, form } = request;
  const settings = readPipelineSettings(c.env);
  const startMs = Date.now();
  const admission = await admit(c.env, c.get("key"), reservationOf(request));
  setMetric(c, "admission", Date.now() - startMs);
  const id = randomId();
  const sequences = await Sequences.start(c.env, model, callsOf(request, id, c.get("key").tenant, admission));
  const head: ReplyHead = {
    id: `${idPrefix}${id}`,
    created: Math.floor(Date.now() / 1000),
    model: model.manifest.name,
    system_fingerprint: systemFingerprint(model, settings),
  };
  const { includeUsage, choices, logprobs, ignoreEos, stopIds } = options;
  const reply = form(head, { includeUsage, logprobs: logprobs !== undefined, choices });
  const endIds = [...(ignoreEos ? [] : model.manifest.specialTokens.stop), ...stopIds];
  const parts = answerParts(sequences.events(startMs), {
    prompts: prompts.flatMap((prompt) => Array.from({ length: choices }, () => prompt)),
    tokenizer: model.tokenizer,
    hiddenIds: new Set(reply.scoresEnd ? [] : endIds),
  });
  const timingsAtEnd = () => (options.includeTimings && sequences.timings ? timingsOf(sequences.timings) : undefined);
  const pieces = options.stream
    ? eventPieces(parts, reply, includeUsage, timingsAtEnd)
    : jsonPieces(parts, reply, timingsAtEnd);
  return respond(c, sequences, pieces, options.stream, admission.headers);
}

/** What a request asks of its tenant's ledger; an ApiError (400) when it does not fit the model's context. */
function reservationOf({ model, prompts, promptField, options }: AnswerRequest): GenerationAsked {
  const { maxTokens, choices } = options;
  const rooms = prompts.map(({ ids }) => requireRoom(model.manifest, ids.length, maxTokens, promptField));
  return {
    model: model.manifest.name,
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
  id: string,
  tenant: string,
  { reservationId, maxTokens, weight }: Admission,
): GenerateCall[] {
  const { sampling, choices, minTokens, stop, stopIds, ignoreEos, logprobs, promptLogprobs, cacheKey, constraint } =
    options;
  return prompts.flatMap(({ ids }, prompt) =>
    Array.from({ length: choices }, (_, choice): GenerateCall => {
      const index = prompt * choices + choice;
      return {
        id: index === 0 ? id : `${id}-${index}`,
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
      };
    }),
  );
}

/**
 * Answers with `pieces`. What fails within the first heartbeat still gets a real status; later failures can only be said
 * in the body. A client that leaves ends the generation.
 */
async function respond(
  c: Context<GatewayTypes>,
  sequences: Sequences,
  pieces: AsyncGenerator<string>,
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
