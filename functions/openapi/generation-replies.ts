import { z } from "zod";

const count = z.int().min(0);
const finishReason = z.enum(["stop", "length"]);
const chatFinishReason = z.enum(["stop", "length", "tool_calls"]);

const head = {
  id: z.string(),
  created: z.int().describe("Unix seconds"),
  model: z.string(),
  system_fingerprint: z.string().describe("Names weights and arithmetic: with it and a seed, an answer is repeatable."),
};

const usage = z.strictObject({
  prompt_tokens: count,
  completion_tokens: count.describe("With the end token."),
  total_tokens: count,
  prompt_tokens_details: z.strictObject({
    cached_tokens: count.describe("Of the prompt's tokens, those that an earlier request had computed already."),
  }),
});

const logprob = z.number().describe("Natural logarithm, of the model's own distribution; at least -9999.");
const namedToken = {
  token: z.string().describe("Distinct for every token: bytes:\\xe2 for a byte of a character."),
  bytes: z.array(z.int().min(0).max(255)).nullable(),
};
const chatLogprobs = z.strictObject({
  content: z.array(
    z.strictObject({
      ...namedToken,
      logprob,
      top_logprobs: z.array(z.strictObject({ ...namedToken, logprob })),
    }),
  ),
  refusal: z.null(),
});
const completionLogprobs = z.strictObject({
  tokens: z.array(z.string()),
  token_logprobs: z.array(logprob.nullable()).describe("null for the first token of an echoed prompt."),
  top_logprobs: z.array(z.record(z.string(), logprob).nullable()),
  text_offset: z.array(count),
});

const toolCall = z.strictObject({
  id: z.string(),
  type: z.literal("function"),
  function: z.strictObject({ name: z.string(), arguments: z.string().describe("JSON text that fits the parameters.") }),
});
const toolCallPart = z.strictObject({
  index: count.describe("Of the call; its first part has id, type and name."),
  id: z.string().optional(),
  type: z.literal("function").optional(),
  function: z.strictObject({ name: z.string().optional(), arguments: z.string() }),
});

const ms = z.number().min(0);
const timings = z
  .strictObject({
    queue_ms: ms.describe("Until the generation had a place and its parts were ready."),
    prefill_ms: ms.describe("Until the prompt's last row was answered."),
    decode_ms: ms.describe("The answers to all later rows."),
    sampling_ms: ms.describe("Further rounds for candidates."),
    wire_ms: ms.describe("The part of prefill, decode and sampling that was spent between parts of the model."),
    total_ms: ms.describe("From the conductor's taking the generation on to its last token."),
    hop_ms: ms.describe("What a message between parts takes, one way; 0 as long as nothing is known."),
    hops_per_token: count.describe("Messages that a token takes, one after the other."),
  })
  .optional()
  .describe("Only when timings is true; of the answer that took longest. On the last chunk of a stream.");

/** 200 of POST /v1/chat/completions */
export const chatCompletion = z.strictObject({
  ...head,
  object: z.literal("chat.completion"),
  choices: z.array(
    z.strictObject({
      index: count,
      message: z.strictObject({
        role: z.literal("assistant"),
        content: z.string().nullable().describe("null where the model calls functions."),
        tool_calls: z.array(toolCall).optional(),
        refusal: z.null(),
        annotations: z.array(z.never()),
      }),
      logprobs: chatLogprobs.nullable(),
      finish_reason: chatFinishReason,
    }),
  ),
  usage,
  timings,
});

/** An event of the stream of POST /v1/chat/completions; the stream ends with `[DONE]`. */
export const chatCompletionChunk = z.strictObject({
  ...head,
  object: z.literal("chat.completion.chunk"),
  choices: z.array(
    z.strictObject({
      index: count,
      delta: z.strictObject({
        role: z.literal("assistant").optional(),
        content: z.string().optional(),
        tool_calls: z.array(toolCallPart).optional(),
        refusal: z.null().optional(),
      }),
      logprobs: chatLogprobs.nullable(),
      finish_reason: chatFinishReason.nullable(),
    }),
  ),
  timings,
  usage: usage.nullable().optional().describe("Only when stream_options.include_usage is true; on the last chunk."),
});

/** 200 of POST /v1/completions, and an event of its stream */
export const textCompletion = z.strictObject({
  ...head,
  object: z.literal("text_completion"),
  choices: z.array(
    z.strictObject({
      index: count,
      text: z.string(),
      logprobs: completionLogprobs.nullable(),
      finish_reason: finishReason.nullable(),
    }),
  ),
  usage: usage.nullable().optional(),
  timings,
});

/** 200 of POST /v1/generations/{id}/cancel */
export const cancelReply = z.strictObject({
  id: z.string(),
  object: z.literal("generation"),
  status: z.enum(["cancelled", "completed"]).describe("What had ended before stays as it was."),
});

const model = z.strictObject({
  id: z.string(),
  object: z.literal("model"),
  created: z.int(),
  owned_by: z.string(),
});
/** 200 of GET /v1/models/{id} */
export const modelReply = model;
/** 200 of GET /v1/models */
export const modelList = z.strictObject({ object: z.literal("list"), data: z.array(model) });

const micros = count.describe("Millionths of the currency that the prices are in.");
const usageLimits = {
  requests_per_minute: count.nullable(),
  tokens_per_minute: count.nullable(),
  tokens_per_day: count.nullable(),
  budget_micros_per_month: micros.nullable(),
  concurrency: count.nullable(),
  max_context_tokens: count.nullable(),
  max_output_tokens: count.nullable(),
  allowed_models: z.array(z.string()).nullable(),
};
const usageNow = z.strictObject({
  requests_this_minute: count,
  tokens_this_minute: count,
  tokens_today: count,
  micros_this_month: micros,
  running: count,
});

/** 200 of GET /v1/usage */
export const usageReply = z.strictObject({
  object: z.literal("usage"),
  tenant: z.string(),
  limits: z.strictObject({ ...usageLimits, priority: count }),
  now: usageNow,
  key: z.strictObject({
    id: z.string(),
    limits: z.strictObject(usageLimits).describe("The key's own; null: as much as the tenant."),
    now: usageNow,
  }),
  from: z.iso.date(),
  to: z.iso.date(),
  data: z.array(
    z.strictObject({
      day: z.iso.date(),
      model: z.string().describe("Empty for requests that generate nothing."),
      key: z.string(),
      requests: count,
      prompt_tokens: count,
      cached_tokens: count,
      completion_tokens: count,
      cost_micros: micros,
    }),
  ),
});

/** Every status from 400 on */
export const errorReply = z.strictObject({
  error: z.strictObject({
    message: z.string(),
    type: z.string(),
    param: z.string().nullable().describe("The field that is wrong."),
    code: z.string(),
    limit: z
      .strictObject({
        of: z.enum(["tenant", "key"]),
        kind: z.enum(["requests", "tokens", "concurrency", "day", "month", "quota", "budget"]),
        limit: count.describe("month and budget in millionths of the currency, as remaining"),
        remaining: count,
        retry_after_ms: count,
      })
      .optional()
      .describe("Of a 429: the limit that was reached."),
  }),
});

/** 200 of GET /health */
export const healthReply = z.strictObject({
  status: z.literal("ok"),
  model: z.string(),
  system_fingerprint: z.string(),
});

const partState = z.enum(["empty", "loading", "ready", "failed"]);
/** 200 and 503 of GET /ready, 200 of POST /admin/v1/load */
export const readyReply = z.strictObject({
  status: z.enum(["ready", "not_ready"]),
  parts: z.strictObject({ ready: count, total: count }),
  stages: z.array(z.strictObject({ stage: count, replica: count, state: partState })),
  vocabulary_shards: z.array(z.strictObject({ shard: count, state: partState })),
});
