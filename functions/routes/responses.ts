import { Hono } from "hono";
import type { Env } from "../env.ts";
import { ApiError } from "../errors.ts";
import { deployedModel, modelNamed } from "../model.ts";
import { invalid } from "../request/generation-fields.ts";
import { parseJsonObject, readBodyText } from "../request/json-body.ts";
import { type Item, inputItems, isReference, itemMessages } from "../request/response-items.ts";
import { parseResponsesRequest, type ResponsesFields, responseId } from "../request/responses-request.ts";
import { responseObject } from "../responses/response-object.ts";
import { ResponseWriter } from "../responses/response-writer.ts";
import { readGatewaySettings } from "../settings.ts";
import { admit } from "./admission.ts";
import { type AnswerRequest, answer } from "./answer.ts";
import { authenticate } from "./authenticate.ts";
import { checkConstraint } from "./constraint.ts";
import type { GatewayTypes } from "./context.ts";
import { chatPromptIds } from "./prompt.ts";

export const RESPONSES_PATH = "/v1/responses";
const ID_PREFIX = "resp_";

/** POST /v1/responses; GET, DELETE and …/input_items of one that is stored. Each counts as one request. */
export const responses = new Hono<GatewayTypes>()
  .post(RESPONSES_PATH, authenticate, async (c) => {
    const body = await readBodyText(c.req.raw);
    return answer(c, await responsesAnswer(c.env, parseJsonObject(body), c.get("key").tenant), RESPONSES_PATH, body);
  })
  .get(`${RESPONSES_PATH}/:response`, authenticate, async (c) => {
    const { headers } = await admit(c.env, c.get("key"));
    const { json } = await stored(c.env, c.get("key").tenant, c.req.param("response"));
    return c.body(json, 200, { ...headers, "content-type": "application/json" });
  })
  .get(`${RESPONSES_PATH}/:response/input_items`, authenticate, async (c) => {
    const { headers } = await admit(c.env, c.get("key"));
    const { input } = await stored(c.env, c.get("key").tenant, c.req.param("response"));
    // The newest first, as OpenAI lists them.
    const data = [...input].reverse();
    const ends = { first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null };
    return c.json({ object: "list", data, ...ends, has_more: false }, 200, headers);
  })
  .delete(`${RESPONSES_PATH}/:response`, authenticate, async (c) => {
    const { headers } = await admit(c.env, c.get("key"));
    const id = c.req.param("response");
    if (!isResponseId(id) || !(await c.env.RESPONSES.getByName(c.get("key").tenant).delete(id)))
      throw noSuchResponse("response");
    return c.json({ id, object: "response", deleted: true }, 200, headers);
  });

/** What the body of such a request of `tenant` asks for; an ApiError when it is wrong. */
export async function responsesAnswer(env: Env, body: Record<string, unknown>, tenant: string): Promise<AnswerRequest> {
  const { manifest } = await deployedModel(env);
  const { fields, tools, options } = parseResponsesRequest(body, manifest);
  const model = await modelNamed(env, fields.model, tenant);
  checkConstraint(model, options, { format: "text.format", ...(tools && { tools }) });
  const { storeResponses } = readGatewaySettings(env);
  const { earlier, own } = await conversation(env, tenant, fields, storeResponses);
  const instructions: Item[] = fields.instructions ? [{ role: "system", content: fields.instructions }] : [];
  const promptIds = chatPromptIds(model, itemMessages([...instructions, ...earlier, ...own]), tools);
  const stores = storeResponses && (fields.store ?? true);
  return {
    model,
    prompts: [{ ids: promptIds }],
    promptField: "input",
    options,
    idPrefix: ID_PREFIX,
    write: (head, parts, stream, cursor) => {
      const digits = head.id.slice(ID_PREFIX.length);
      const writer = new ResponseWriter({
        digits,
        calls: tools !== undefined,
        objectOf: (state) => responseObject(head, fields, options, stores, state),
        store: async (response) => {
          if (!stores) return;
          const input = own.map((item, index) => ({ ...item, id: item.id ?? `in_${digits}_${index}` }));
          const previousId = fields.previous_response_id ?? null;
          const { id, output } = response;
          const json = JSON.stringify(response);
          await env.RESPONSES.getByName(tenant).put({ id, previousId, input, output, json });
        },
      });
      return {
        pieces: stream ? writer.stream(parts, cursor) : writer.whole(parts),
        lastWords: (failure) => writer.failed(failure),
      };
    },
  };
}

/** The items before this turn, and the turn's own with references resolved. */
async function conversation(
  env: Env,
  tenant: string,
  { input, previous_response_id: previous }: ResponsesFields,
  storing: boolean,
): Promise<{ earlier: readonly Item[]; own: readonly Item[] }> {
  const given = inputItems(input);
  const references = given.filter(isReference);
  if (previous === undefined && references.length === 0) return { earlier: [], own: given.filter(isItem) };
  const param = previous === undefined ? "input" : "previous_response_id";
  if (!storing) throw invalid(param, "this service stores no responses: send the whole conversation");
  const ids = references.map(({ id }) => id);
  const recalled = await env.RESPONSES.getByName(tenant).recall(previous ?? null, ids);
  if ("missing" in recalled) throw noSuchResponse(recalled.missing === previous ? "previous_response_id" : "input");
  if ("tooLong" in recalled)
    throw new ApiError(
      400,
      "context_length_exceeded",
      `${param}: the conversation is longer than ${recalled.tooLong} characters. Refer to less of it.`,
      { param },
    );
  const named = recalled.items.slice(recalled.items.length - ids.length);
  const earlier = recalled.items.slice(0, recalled.items.length - ids.length);
  return { earlier, own: given.map((item) => (isReference(item) ? named.shift()! : item)) };
}

const isItem = (item: ReturnType<typeof inputItems>[number]): item is Item => !isReference(item);
const isResponseId = (id: string) => responseId.safeParse(id).success;

async function stored(env: Env, tenant: string, id: string) {
  const found = isResponseId(id) ? await env.RESPONSES.getByName(tenant).get(id) : null;
  if (found === null) throw noSuchResponse("response");
  return found;
}

/** Another tenant's response is as if it were not there. */
const noSuchResponse = (param: string) =>
  new ApiError(404, "response_not_found", "There is no such response or item here. They are kept for 24 hours.", {
    param,
  });
