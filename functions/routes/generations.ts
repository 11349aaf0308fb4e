import { Hono } from "hono";
import { z } from "zod";
import type { Env } from "../env.ts";
import { ApiError } from "../errors.ts";
import { deployedModel } from "../model.ts";
import type { KeptRequest } from "../pipeline/generation-call.ts";
import { parseJsonObject, readOptionalJsonBody } from "../request/json-body.ts";
import { validate } from "../request/validation.ts";
import { admit } from "./admission.ts";
import { isAllowed } from "./allowed-model.ts";
import { type AnswerRequest, cursorOf, deliver } from "./answer.ts";
import { authenticate } from "./authenticate.ts";
import { CHAT_PATH, chatAnswer } from "./chat.ts";
import { COMPLETIONS_PATH, completionAnswer } from "./completions.ts";
import { conductorOf } from "./conductor-of.ts";
import type { GatewayTypes } from "./context.ts";
import { reachConductor } from "./lasting-events.ts";
import { RESPONSES_PATH, responsesAnswer } from "./responses.ts";

/** What the `id` of an answer begins with, and the id of its generation. */
const ID_PATTERN = /^(?:chatcmpl-|cmpl-|resp_)([0-9a-f]{32})$/;

/** The routes whose requests can be kept. */
const ANSWERS: Readonly<
  Record<string, (env: Env, body: Record<string, unknown>, tenant: string) => Promise<AnswerRequest>>
> = {
  [CHAT_PATH]: chatAnswer,
  [COMPLETIONS_PATH]: completionAnswer,
  [RESPONSES_PATH]: responsesAnswer,
};

const nothing = z.strictObject({});

/** GET …/events and POST …/cancel of a generation, by the `id` of its answer. Each counts as one request. */
export const generations = new Hono<GatewayTypes>()
  .get("/v1/generations/:id/events", authenticate, async (c) => {
    const key = c.get("key");
    const startMs = Date.now();
    const admission = await admit(c.env, key);
    const { headers, weight } = admission;
    const id = generationId(c.req.param("id"));
    const model = await deployedModel(c.env);
    if (!isAllowed(admission, model)) throw noSuchGeneration();
    const kept = await reachConductor(() => conductorOf(c.env, model).recall(id, key.tenant));
    if (kept === null) throw noSuchGeneration();
    const { request, maxTokens } = kept;
    const asked = await askedAgain(c.env, request, key.tenant);
    const options = { ...asked.options, stream: true };
    const admitted = { startMs, reservationId: id, atMs: request.atMs, maxTokens, weight, headers, kept: request };
    return deliver(c, { ...asked, options }, { ...admitted, cursor: cursorOf(c, asked) });
  })
  .post("/v1/generations/:id/cancel", authenticate, async (c) => {
    const key = c.get("key");
    validate(nothing, await readOptionalJsonBody(c.req.raw));
    const { headers } = await admit(c.env, key);
    const id = generationId(c.req.param("id"));
    const model = await deployedModel(c.env);
    const status = await reachConductor(() => conductorOf(c.env, model).cancelRequest(id, key.tenant));
    if (status === null) throw noSuchGeneration();
    return c.json({ id: c.req.param("id"), object: "generation", status }, 200, headers);
  });

function generationId(id: string): string {
  const [, found] = ID_PATTERN.exec(id) ?? [];
  if (found === undefined) throw noSuchGeneration();
  return found;
}

async function askedAgain(env: Env, { path, body }: KeptRequest, tenant: string): Promise<AnswerRequest> {
  const answerTo = ANSWERS[path];
  if (answerTo === undefined) throw noSuchGeneration();
  return await answerTo(env, parseJsonObject(new TextDecoder().decode(body)), tenant);
}

/** Another tenant's generation is as if it were not there. */
const noSuchGeneration = () =>
  new ApiError(
    404,
    "generation_not_found",
    "There is no such generation. One whose request had an Idempotency-Key is kept for 10 minutes.",
    { param: "id" },
  );
