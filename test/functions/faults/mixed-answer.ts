import { expect } from "vitest";
import type { MixedRequest } from "../../load/mixed-requests.ts";
import type { Caller } from "../gateway/caller.ts";
import { chunksOf } from "../gateway/server-sent-events.ts";

/** Everything of an answer that must not depend on what else happens. */
export interface MixedAnswer {
  readonly text: string;
  readonly finish: string | null | undefined;
  readonly tokens: readonly (number | undefined)[];
}

/** How many tokens were computed before depends on what else happened. */
interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
}

const tokensOf = (usage: Usage | null | undefined) => [usage?.prompt_tokens, usage?.completion_tokens];

/** Asks until there is room, as clients do that are told to try again; anything else that is no whole answer throws. */
export async function answerTo(caller: Caller, { path, stream, body }: MixedRequest): Promise<MixedAnswer> {
  for (;;) {
    const response = await caller.post(path, body);
    if (response.status === 503 && response.headers.has("retry-after")) {
      await response.body?.cancel();
      continue;
    }
    if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
    return stream ? await streamed(response) : await whole(response);
  }
}

async function streamed(response: Response): Promise<MixedAnswer> {
  const chunks = await chunksOf(response);
  const choices = chunks.flatMap((chunk) => chunk.choices);
  const text = choices.map((choice) => choice.text ?? choice.delta.content ?? "").join("");
  return { text, finish: choices.at(-1)?.finish_reason, tokens: tokensOf(chunks.at(-1)?.usage) };
}

interface Whole {
  readonly choices: readonly { text?: string; message?: { content: string }; finish_reason: string }[];
  readonly usage: Usage;
}

async function whole(response: Response): Promise<MixedAnswer> {
  const { choices, usage } = await response.json<Whole>();
  const [choice] = choices;
  expect(choice).toBeDefined();
  return { text: choice!.text ?? choice!.message!.content, finish: choice!.finish_reason, tokens: tokensOf(usage) };
}
