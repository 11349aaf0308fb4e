import { z } from "zod";
import { errorReply } from "./generation-replies.ts";

const count = z.int().min(0);
const status = z.enum(["in_progress", "completed", "incomplete"]);
const none = z.array(z.never());

const outputText = z.strictObject({
  type: z.literal("output_text"),
  text: z.string(),
  annotations: none,
  logprobs: none,
});
const outputMessage = z.strictObject({
  type: z.literal("message"),
  id: z.string(),
  status,
  role: z.literal("assistant"),
  content: z.array(outputText),
});
const outputCall = z.strictObject({
  type: z.literal("function_call"),
  id: z.string(),
  call_id: z.string(),
  name: z.string(),
  arguments: z.string(),
  status,
});
const outputItem = z.discriminatedUnion("type", [outputMessage, outputCall]);

/** 200 of POST /v1/responses and GET /v1/responses/{id} */
export const responseReply = z.strictObject({
  id: z.string(),
  object: z.literal("response"),
  created_at: z.int(),
  status: z.enum([...status.options, "failed"]),
  background: z.literal(false),
  error: z.strictObject({ code: z.string(), message: z.string() }).nullable().describe("Why it failed."),
  incomplete_details: z.strictObject({ reason: z.literal("max_output_tokens") }).nullable(),
  instructions: z.string().nullable(),
  max_output_tokens: z.int().nullable(),
  metadata: z.record(z.string(), z.string()),
  model: z.string(),
  output: z.array(outputItem),
  parallel_tool_calls: z.boolean(),
  previous_response_id: z.string().nullable(),
  reasoning: z.strictObject({ effort: z.null(), summary: z.null() }),
  service_tier: z.literal("default"),
  store: z.boolean().describe("Whether it is kept for 24 hours."),
  temperature: z.number(),
  text: z.strictObject({ format: z.looseObject({ type: z.string() }), verbosity: z.literal("medium") }),
  tool_choice: z.union([z.string(), z.looseObject({ type: z.literal("function") })]),
  tools: z.array(z.looseObject({ type: z.literal("function") })),
  top_p: z.number(),
  truncation: z.literal("disabled"),
  usage: z
    .strictObject({
      input_tokens: count,
      input_tokens_details: z.strictObject({ cached_tokens: count }),
      output_tokens: count,
      output_tokens_details: z.strictObject({ reasoning_tokens: z.literal(0) }),
      total_tokens: count,
    })
    .nullable(),
  user: z.string().nullable(),
});

const numbered = { sequence_number: count };
const inItem = { ...numbered, item_id: z.string(), output_index: count };
const inContent = { ...inItem, content_index: count };
const event = <Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) =>
  z.strictObject({ type: z.literal(type), ...shape });

/** An event of the stream of POST /v1/responses; its `event` line says the type too. */
export const responseEvent = z.discriminatedUnion("type", [
  event("response.created", { ...numbered, response: responseReply }),
  event("response.in_progress", { ...numbered, response: responseReply }),
  event("response.output_item.added", { ...numbered, output_index: count, item: outputItem }),
  event("response.content_part.added", { ...inContent, part: outputText }),
  event("response.output_text.delta", { ...inContent, delta: z.string(), logprobs: none }),
  event("response.output_text.done", { ...inContent, text: z.string(), logprobs: none }),
  event("response.content_part.done", { ...inContent, part: outputText }),
  event("response.function_call_arguments.delta", { ...inItem, delta: z.string() }),
  event("response.function_call_arguments.done", { ...inItem, name: z.string(), arguments: z.string() }),
  event("response.output_item.done", { ...numbered, output_index: count, item: outputItem }),
  event("response.completed", { ...numbered, response: responseReply }),
  event("response.incomplete", { ...numbered, response: responseReply }),
  event("response.failed", { ...numbered, response: responseReply }),
  event("error", {
    ...numbered,
    code: z.string(),
    message: z.string(),
    param: z.string().nullable(),
    ...errorReply.shape,
  }).describe("After response.failed: clients that pass over that raise this."),
]);

/** 200 of GET /v1/responses/{id}/input_items */
export const inputItemsReply = z.strictObject({
  object: z.literal("list"),
  data: z.array(z.looseObject({ id: z.string() })),
  first_id: z.string().nullable(),
  last_id: z.string().nullable(),
  has_more: z.literal(false),
});

/** 200 of DELETE /v1/responses/{id} */
export const deletedResponse = z.strictObject({
  id: z.string(),
  object: z.literal("response"),
  deleted: z.literal(true),
});
