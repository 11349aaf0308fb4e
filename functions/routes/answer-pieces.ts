import { eventOf } from "../event-stream.ts";
import type { EndPart, TextPart } from "./answer-parts.ts";
import type { EventCursor } from "./event-cursor.ts";
import type { ReplyForm, TimingsReply, Usage, WholeChoice } from "./reply.ts";
import type { ScoredToken } from "./scored-token.ts";

type Parts = AsyncGenerator<TextPart | EndPart>;

/** Asked when everything has been generated; undefined where timings are not wanted. */
type TimingsAtEnd = () => TimingsReply | undefined;

/**
 * The stream of a streamed answer: chunks, usage and timings if asked for, and the mark of a clean end. With a cursor, what
 * comes after it alone, each event with an id; an ApiError (400) when it lies beyond the end.
 */
export async function* eventPieces(
  parts: Parts,
  reply: ReplyForm,
  includeUsage: boolean,
  timingsAtEnd: TimingsAtEnd,
  cursor?: EventCursor,
): AsyncGenerator<string> {
  const chunk = (object: object) => eventOf(JSON.stringify(object), cursor?.text);
  const opened = new Set<number>();
  const ends: EndPart[] = [];
  for await (const part of parts) {
    const { index } = part;
    const opening = opened.has(index) ? undefined : reply.opening(index);
    opened.add(index);
    if (opening && cursor?.passOpening(index) !== false) yield chunk(opening);
    if (part.type === "text") {
      const delta = reply.delta(part);
      if (delta && cursor?.passText(part) !== false) yield chunk(delta);
    } else {
      ends.push(part);
      const closing = reply.closing(part);
      if (cursor?.passEnd(part) !== false) yield chunk(closing);
    }
  }
  const timings = timingsAtEnd();
  if ((includeUsage || timings) && cursor?.passUsage() !== false)
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
