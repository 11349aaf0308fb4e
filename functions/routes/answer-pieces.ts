import { eventOf } from "../event-stream.ts";
import type { EndPart, TextPart } from "./answer-parts.ts";
import type { ReplyForm, TimingsReply, Usage, WholeChoice } from "./reply.ts";
import type { ScoredToken } from "./scored-token.ts";

type Parts = AsyncGenerator<TextPart | EndPart>;

/** Asked when everything has been generated; undefined where timings are not wanted. */
type TimingsAtEnd = () => TimingsReply | undefined;

/** The stream of a streamed answer: chunks, usage and timings if asked for, and the mark of a clean end. */
export async function* eventPieces(
  parts: Parts,
  reply: ReplyForm,
  includeUsage: boolean,
  timingsAtEnd: TimingsAtEnd,
): AsyncGenerator<string> {
  const chunk = (object: object) => eventOf(JSON.stringify(object));
  const opened = new Set<number>();
  const ends: EndPart[] = [];
  for await (const part of parts) {
    const opening = opened.has(part.index) ? undefined : reply.opening(part.index);
    opened.add(part.index);
    if (opening) yield chunk(opening);
    if (part.type === "text") {
      const delta = reply.delta(part);
      if (delta) yield chunk(delta);
    } else {
      ends.push(part);
      yield chunk(reply.closing(part));
    }
  }
  const timings = timingsAtEnd();
  if (includeUsage || timings)
    yield chunk({ ...reply.usage(usageOfAll(ends, reply.choices)), ...(timings && { timings }) });
  yield eventOf("[DONE]");
}

/** The one piece of an answer that is not streamed. */
export async function* jsonPieces(parts: Parts, reply: ReplyForm, timingsAtEnd: TimingsAtEnd): AsyncGenerator<string> {
  const texts = new Map<number, { text: string; tokens: ScoredToken[] }>();
  const ends: EndPart[] = [];
  for await (const part of parts) {
    if (part.type === "end") {
      ends.push(part);
      continue;
    }
    const { text, tokens } = texts.get(part.index) ?? { text: "", tokens: [] };
    tokens.push(...part.tokens);
    texts.set(part.index, { text: text + part.text, tokens });
  }
  ends.sort((a, b) => a.index - b.index);
  const choices = ends.map(
    ({ index, finish }): WholeChoice => ({ index, finish, ...(texts.get(index) ?? { text: "", tokens: [] }) }),
  );
  const timings = timingsAtEnd();
  yield JSON.stringify({ ...reply.whole(choices, usageOfAll(ends, reply.choices)), ...(timings && { timings }) });
}

/** Every answer counts, and each prompt once, whatever the number of its `choices`. */
function usageOfAll(ends: readonly EndPart[], choices: number): Usage {
  const prompts = ends.filter(({ index }) => index % choices === 0);
  return {
    promptTokens: prompts.reduce((sum, { promptTokens }) => sum + promptTokens, 0),
    cachedTokens: prompts.reduce((sum, { cachedTokens }) => sum + cachedTokens, 0),
    completionTokens: ends.reduce((sum, { completionTokens }) => sum + completionTokens, 0),
  };
}
