export interface Chunk {
  id: string;
  object: string;
  created: number;
  model: string;
  system_fingerprint: string;
  choices: { index: number; delta: { role?: string; content?: string }; text?: string; finish_reason: string | null }[];
  usage?: {
    prompt_tokens: number;
    completion_tokens: number;
    total_tokens: number;
    prompt_tokens_details: { cached_tokens: number };
  } | null;
}

/** The data of each event of a whole event stream; throws on anything that is not an event of one data line or a comment. */
export function eventData(stream: string): string[] {
  const withoutComments = stream.replaceAll(/^:.*\n/gm, "");
  const events = withoutComments.split("\n\n");
  if (events.pop() !== "") throw new Error("the stream does not end with a blank line");
  return events.map((event) => {
    const [, data] = /^data: (.*)$/.exec(event) ?? [];
    if (data === undefined) throw new Error(`not an event: ${JSON.stringify(event)}`);
    return data;
  });
}

/** The chunks of a stream that must have ended cleanly. */
export async function chunksOf(response: Response): Promise<Chunk[]> {
  const data = eventData(await response.text());
  if (data.pop() !== "[DONE]") throw new Error("the stream did not end with [DONE]");
  return data.map((json) => JSON.parse(json));
}
