import type { LoadTarget } from "./load-client.ts";

const KEPT_CHARACTERS = 1000;
/** Of the prompts that are ids, so that a model without a tokenizer can be measured. */
export const PROMPT_TOKENS = 4;

/** A short prompt that differs by the stream. */
export function promptIds(bos: number, stream: number): number[] {
  return [bos, ...Array.from({ length: PROMPT_TOKENS - 1 }, (_, index) => 300 + 37 * index + stream)];
}

export interface StreamedCompletion {
  readonly model: string;
  readonly prompt: string | readonly number[];
  readonly tokens: number;
  readonly seed: number;
}

/** Reads one streamed answer of so many tokens without looking at it, so that the client takes little of the machine. */
export async function readCompletion({ url, key }: LoadTarget, asked: StreamedCompletion): Promise<void> {
  const { model, prompt, tokens, seed } = asked;
  const response = await fetch(`${url}/v1/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({
      ...{ model, prompt, stream: true, stream_options: { include_usage: true } },
      ...{ max_tokens: tokens, temperature: 1, top_p: 1, seed, ignore_eos: true },
    }),
  });
  let last = "";
  for await (const piece of response.body!.pipeThrough(new TextDecoderStream()))
    last = (last + piece).slice(-KEPT_CHARACTERS);
  if (!last.includes(`"completion_tokens":${tokens}`)) throw new Error(`a stream ended early: ${last}`);
}
