import type { MixedRequest } from "./mixed-requests.ts";

/** How one request went, as its client saw it. */
export interface Outcome {
  readonly how: "done" | "cancelled" | "lost";
  /** Why it was lost. */
  readonly error?: string;
  readonly text: string;
  readonly completionTokens: number;
  /** Answers that asked to come again, before the one that counts. */
  readonly refusals: number;
  /** From the request to the first text; of streams only. */
  readonly firstTokenMs?: number;
  /** Between texts that follow one another; of streams only. */
  readonly gapsMs: readonly number[];
}

export interface LoadTarget {
  readonly url: string;
  readonly key: string;
}

interface Chunk {
  readonly choices: readonly { text?: string; delta?: { content?: string }; message?: { content: string } }[];
  readonly usage?: { completion_tokens: number } | null;
  readonly error?: { message: string };
}

/** A client gives up being refused after this long. */
const PATIENCE_MS = 60_000;
const DEFAULT_RETRY_MS = 200;

/** Sends one request, again when it is told to come again, and leaves its stream after `leaveAfter` texts if that is given. */
export async function runRequest(target: LoadTarget, request: MixedRequest, leaveAfter?: number): Promise<Outcome> {
  const startMs = performance.now();
  let refusals = 0;
  for (;;) {
    try {
      const response = await post(target, request);
      if ((response.status === 503 || response.status === 429) && performance.now() - startMs < PATIENCE_MS) {
        refusals++;
        await response.body?.cancel();
        await pause(Number(response.headers.get("retry-after-ms") ?? DEFAULT_RETRY_MS));
        continue;
      }
      if (!response.ok) return lost(`${response.status}: ${await response.text()}`, refusals);
      const read = request.stream ? readStream : readWhole;
      return { refusals, ...(await read(response, startMs, leaveAfter)) };
    } catch (error) {
      return lost(String(error), refusals);
    }
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const lost = (error: string, refusals: number): Outcome => ({
  how: "lost",
  error,
  text: "",
  completionTokens: 0,
  refusals,
  gapsMs: [],
});

function post({ url, key }: LoadTarget, { path, body }: MixedRequest): Promise<Response> {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  return fetch(`${url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
}

type Read = Omit<Outcome, "refusals">;

async function readWhole(response: Response): Promise<Read> {
  const { choices, usage } = (await response.json()) as Chunk;
  const text = textOf(choices);
  return { how: "done", text, completionTokens: usage?.completion_tokens ?? 0, gapsMs: [] };
}

async function readStream(response: Response, startMs: number, leaveAfter = Number.POSITIVE_INFINITY): Promise<Read> {
  let text = "";
  let completionTokens = 0;
  const timesMs: number[] = [];
  const seen = (how: Read["how"], error?: string): Read => ({
    how,
    ...(error !== undefined && { error }),
    text,
    completionTokens,
    ...(timesMs.length > 0 && { firstTokenMs: timesMs[0]! - startMs }),
    gapsMs: timesMs.slice(1).map((ms, index) => ms - timesMs[index]!),
  });
  for await (const data of eventData(response)) {
    if (data === "[DONE]") return seen("done");
    const { choices = [], usage, error } = JSON.parse(data) as Chunk;
    if (error) return seen("lost", error.message);
    const piece = textOf(choices);
    text += piece;
    completionTokens = usage?.completion_tokens ?? completionTokens;
    if (piece !== "") timesMs.push(performance.now());
    // The loop cancels the body on its way out, which closes the connection.
    if (timesMs.length >= leaveAfter) return seen("cancelled");
  }
  return seen("lost", "the stream ended without [DONE]");
}

const textOf = (choices: Chunk["choices"]): string =>
  choices.map(({ text, delta, message }) => text ?? delta?.content ?? message?.content ?? "").join("");

/** The data of each server-sent event; comments say nothing. */
async function* eventData(response: Response): AsyncGenerator<string> {
  let pending = "";
  for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
    const lines = (pending + piece).split("\n");
    pending = lines.pop()!;
    for (const line of lines) if (line.startsWith("data: ")) yield line.slice("data: ".length);
  }
}
