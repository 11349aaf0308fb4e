import { z } from "zod";

const MAX_METADATA_ENTRIES = 16;
/** Of a name that a caller chooses for its own ends. */
export const MAX_LABEL_CHARACTERS = 512;

/** A field of OpenAI's API that is taken at the values that change nothing here, and refused by name at any other. */
const only = (values: readonly (string | number | boolean)[]) =>
  z.literal([...values], { error: `supported only as ${values.map((value) => JSON.stringify(value)).join(" or ")}` });
const onlyEmptyList = z.tuple([], { error: "supported only as an empty list" });
const onlyNull = z.null({ error: "not supported" });

/** Labels of the caller's own: they name a request and never change its answer. */
export const label = z.string().max(MAX_LABEL_CHARACTERS);
/** Usage is told by these. */
export const metadata = z
  .record(label.min(1), label)
  .refine(
    (entries) => Object.keys(entries).length <= MAX_METADATA_ENTRIES,
    `expected at most ${MAX_METADATA_ENTRIES} entries`,
  );
const labels = { safety_identifier: label };

const shared = {
  ...labels,
  service_tier: only(["auto", "default"]),
  store: only([false]),
};

/** Accepted by POST /v1/chat/completions. */
export const acceptedChatFields = optional({
  ...shared,
  functions: onlyEmptyList,
  function_call: only(["none", "auto"]),
  modalities: z.tuple([only(["text"])], { error: 'supported only as ["text"]' }),
  audio: onlyNull,
  prediction: onlyNull,
  web_search_options: onlyNull,
  reasoning_effort: only(["none"]),
  verbosity: only(["medium"]),
  prompt_cache_retention: only(["in-memory", "in_memory", "24h"]),
});

/** Accepted by POST /v1/completions. */
export const acceptedCompletionFields = optional({
  ...shared,
  suffix: onlyNull,
});

/** Accepted by POST /v1/responses. */
export const acceptedResponsesFields = optional({
  ...labels,
  service_tier: only(["auto", "default"]),
  background: only([false]),
  conversation: onlyNull,
  include: z.array(only(["reasoning.encrypted_content"])),
  max_tool_calls: onlyNull,
  prompt: onlyNull,
  prompt_cache_retention: only(["in-memory", "in_memory", "24h"]),
  reasoning: z.strictObject({ effort: only(["none"]).nullish(), summary: onlyNull.optional() }),
  top_logprobs: only([0]),
  truncation: only(["disabled"]),
});

const ACCEPTED = new Set<unknown>(
  [acceptedChatFields, acceptedCompletionFields, acceptedResponsesFields].flatMap((fields) => Object.values(fields)),
);

/** True for a schema's field that is known and supported only where it changes nothing. */
export const isAcceptedField = (field: unknown): boolean => ACCEPTED.has(field);

function optional<Shape extends Record<string, z.ZodType>>(
  shape: Shape,
): { [Name in keyof Shape]: z.ZodOptional<Shape[Name]> } {
  return Object.fromEntries(Object.entries(shape).map(([name, schema]) => [name, schema.optional()])) as never;
}
