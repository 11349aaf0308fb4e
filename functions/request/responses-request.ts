import { z } from "zod";
import type { CallableTools } from "../../runtime/tokenizer/chat-template.ts";
import type { Manifest } from "../../weights/manifest.ts";
import { acceptedResponsesFields } from "./accepted-fields.ts";
import { type GenerationOptions, generationFields, generationOptions, invalid, text } from "./generation-fields.ts";
import { description, givenName, jsonSchema, textSpecification } from "./response-format.ts";
import { inputField } from "./response-items.ts";
import { toolUse } from "./tools.ts";
import { validate } from "./validation.ts";

const MAX_TOOLS = 128;
export const responseId = z.string().regex(/^resp_[0-9a-f]{32}$/, "is the id of no response");

const tool = z.strictObject({
  type: z.literal("function", { error: "only functions are supported" }),
  name: givenName,
  description: description.nullish(),
  parameters: jsonSchema.nullish(),
  strict: z.boolean().nullish(),
});

const format = z.discriminatedUnion(
  "type",
  [
    z.strictObject({ type: z.literal("text") }),
    z.strictObject({ type: z.literal("json_object") }),
    z.strictObject({
      type: z.literal("json_schema"),
      name: givenName,
      description: description.nullish(),
      schema: jsonSchema,
      strict: z.boolean().nullish(),
    }),
  ],
  { error: "expected text, json_object or json_schema" },
);

const { model, temperature, top_p, top_k, min_p, seed, max_tokens, prompt_cache_key, stream, user, metadata } =
  generationFields;

/** POST /v1/responses. seed, top_k and min_p are not OpenAI's there; they mean what they mean for chats. */
export const responsesSchema = z.strictObject({
  ...{ model, temperature, top_p, top_k, min_p, seed, prompt_cache_key, stream, user, metadata },
  ...acceptedResponsesFields,
  input: inputField,
  instructions: text.optional(),
  max_output_tokens: max_tokens,
  previous_response_id: responseId.optional(),
  store: z.boolean().optional(),
  stream_options: z
    .strictObject({ include_obfuscation: z.literal(false, { error: "supported only as false" }).nullish() })
    .optional(),
  text: z
    .strictObject({
      format: format.nullish(),
      verbosity: z.literal("medium", { error: 'supported only as "medium"' }).nullish(),
    })
    .optional(),
  tools: z.array(tool).max(MAX_TOOLS).optional(),
  tool_choice: z
    .union([z.enum(["none", "auto", "required"]), z.strictObject({ type: z.literal("function"), name: givenName })], {
      error: "expected none, auto, required or a function by name",
    })
    .optional(),
  parallel_tool_calls: z.boolean().optional(),
});

export type ResponsesFields = z.output<typeof responsesSchema>;

export interface ResponsesRequest {
  readonly fields: ResponsesFields;
  /** What the prompt tells about functions that may be called. */
  readonly tools?: CallableTools;
  readonly options: GenerationOptions;
}

/** Checks the body of POST /v1/responses; an ApiError (400) names the field that is wrong. */
export function parseResponsesRequest(body: Record<string, unknown>, manifest: Manifest): ResponsesRequest {
  const fields = validate(responsesSchema, body);
  const { max_output_tokens, tool_choice, parallel_tool_calls } = fields;
  if (fields.stream_options && !fields.stream) throw invalid("stream_options", "only with stream true");
  const use = toolUse({
    tools: fields.tools?.map(({ type, ...described }) => ({ type, function: described })),
    tool_choice:
      typeof tool_choice === "object" ? { type: "function", function: { name: tool_choice.name } } : tool_choice,
    parallel_tool_calls,
  });
  const wanted = textSpecification(specified(fields.text?.format));
  if (use && wanted) throw invalid("text.format", 'only "text" beside tools that may be called');
  const constraint = use?.calls ?? wanted;
  const { temperature, top_p, top_k, min_p, seed, prompt_cache_key, stream, user, metadata, model } = fields;
  const asked = { model, temperature, top_p, top_k, min_p, seed, prompt_cache_key, stream, user, metadata };
  return {
    fields,
    ...(use && { tools: use.tools }),
    options: {
      ...generationOptions({ ...asked, max_tokens: max_output_tokens }, manifest),
      ...(constraint && { constraint }),
    },
  };
}

function specified(given: z.output<typeof format> | null | undefined) {
  if (given?.type !== "json_schema") return given ?? undefined;
  const { type, ...json_schema } = given;
  return { type, json_schema };
}
