import type { GenerationOptions } from "../request/generation-fields.ts";
import type { ResponsesFields } from "../request/responses-request.ts";
import type { FinishReason, ReplyHead, Usage } from "../routes/reply.ts";

export type ItemStatus = "in_progress" | "completed" | "incomplete";

export interface OutputMessage {
  readonly type: "message";
  readonly id: string;
  readonly status: ItemStatus;
  readonly role: "assistant";
  readonly content: readonly OutputText[];
}
export interface OutputText {
  readonly type: "output_text";
  readonly text: string;
  readonly annotations: [];
  readonly logprobs: [];
}
export interface OutputCall {
  readonly type: "function_call";
  readonly id: string;
  readonly call_id: string;
  readonly name: string;
  readonly arguments: string;
  readonly status: ItemStatus;
}
export type OutputItem = OutputMessage | OutputCall;

export type ResponseObject = ReturnType<typeof responseObject>;

/** How far an answer is. */
export interface ResponseState {
  readonly output: readonly OutputItem[];
  /** undefined while it goes on. */
  readonly end?: { readonly finish: FinishReason; readonly usage: Usage };
  /** It does not go on, and this is why. */
  readonly failure?: { readonly code: string; readonly message: string };
}

/** OpenAI's response object: what was asked for is told again, with what was left out as it was taken. */
export function responseObject(
  { id, created, model }: ReplyHead,
  fields: ResponsesFields,
  { sampling }: GenerationOptions,
  store: boolean,
  { output, end, failure }: ResponseState,
) {
  const cut = end?.finish === "length";
  return {
    id,
    object: "response" as const,
    created_at: created,
    status: statusOf(end?.finish, failure !== undefined),
    background: false,
    error: failure ?? null,
    incomplete_details: cut ? { reason: "max_output_tokens" as const } : null,
    instructions: fields.instructions ?? null,
    max_output_tokens: fields.max_output_tokens ?? null,
    metadata: fields.metadata ?? {},
    model,
    output,
    parallel_tool_calls: fields.parallel_tool_calls ?? true,
    previous_response_id: fields.previous_response_id ?? null,
    reasoning: { effort: null, summary: null },
    service_tier: "default" as const,
    store,
    temperature: sampling.temperature,
    text: { format: fields.text?.format ?? { type: "text" as const }, verbosity: "medium" as const },
    tool_choice: fields.tool_choice ?? ("auto" as const),
    tools: fields.tools ?? [],
    top_p: sampling.topP,
    truncation: "disabled" as const,
    usage: end ? usageOf(end.usage) : null,
    user: fields.user ?? null,
  };
}

function statusOf(finish: FinishReason | undefined, failed: boolean) {
  if (failed) return "failed" as const;
  if (finish === undefined) return "in_progress" as const;
  return finish === "length" ? ("incomplete" as const) : ("completed" as const);
}

const usageOf = ({ promptTokens, cachedTokens, completionTokens }: Usage) => ({
  input_tokens: promptTokens,
  input_tokens_details: { cached_tokens: cachedTokens },
  output_tokens: completionTokens,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: promptTokens + completionTokens,
});
