import { InferenceError } from "./errors.ts";
import { Draw } from "./sampling/draw.ts";
import type { SamplingParameters } from "./sampling/selection.ts";
import { StopStrings } from "./stop-strings.ts";
import type { TokenPipeline } from "./token-pipeline.ts";
import type { Tokenizer } from "./tokenizer/tokenizer.ts";

export interface GenerationRequest {
  /** At least one id, bos included. */
  readonly promptIds: readonly number[];
  readonly sampling: SamplingParameters;
  readonly maxTokens: number;
  /** Ids that end the generation; they have no text. */
  readonly stopIds: readonly number[];
  /** Text at which generation ends; the text itself is not given out. Needs a tokenizer. */
  readonly stop: readonly string[];
  /** Looked at between steps. */
  readonly signal?: AbortSignal;
}

/** One token was drawn. The texts of all of them make the answer; one may be empty (bytes of a character, a possible stop string). */
export interface TokenEvent {
  readonly type: "token";
  readonly ids: readonly number[];
  readonly text: string;
}

export interface DoneEvent {
  readonly type: "done";
  /** "stop" at a stop id or stop string, "length" at maxTokens. */
  readonly finish: "stop" | "length";
  readonly promptTokens: number;
  /** Counts the stop id. */
  readonly completionTokens: number;
}

/**
 * Feeds a prompt and draws up to maxTokens tokens; the last event is `done`. Without a tokenizer all texts are empty.
 * Closes the pipeline however it ends. Throws the signal's reason when aborted, and what the pipeline throws.
 */
export async function* generate(
  pipeline: TokenPipeline,
  tokenizer: Tokenizer | null,
  { promptIds, sampling, maxTokens, stopIds, stop, signal }: GenerationRequest,
): AsyncGenerator<TokenEvent | DoneEvent, void, undefined> {
  try {
    if (promptIds.length === 0) throw new InferenceError("unsupported", "a prompt needs at least one token");
    if (stop.length > 0 && !tokenizer)
      throw new InferenceError("unsupported", "stop strings need a tokenizer, and this model has none");
    const detokenizer = tokenizer?.detokenizer();
    const stops = new StopStrings(stop);
    const stopIdSet = new Set(stopIds);
    let finish: DoneEvent["finish"] | undefined = maxTokens > 0 ? undefined : "length";
    let feed = promptIds;
    let position = 0;
    let completionTokens = 0;
    while (!finish) {
      signal?.throwIfAborted();
      const id = await drawNext(pipeline, feed, position, sampling, signal);
      position += feed.length;
      feed = [id];
      completionTokens += 1;
      let text = "";
      if (stopIdSet.has(id)) finish = "stop";
      else if (detokenizer) text = stops.push(detokenizer.push(id));
      if (!finish && completionTokens === maxTokens) finish = "length";
      if (finish && detokenizer) text += stops.push(detokenizer.flush()) + stops.flush();
      if (stops.stopped) finish = "stop";
      yield { type: "token", ids: feed, text };
    }
    yield { type: "done", finish, promptTokens: promptIds.length, completionTokens };
  } finally {
    await pipeline.close();
  }
}

/** Feeds `ids` from `position` on and draws the token after them. */
async function drawNext(
  pipeline: TokenPipeline,
  ids: readonly number[],
  position: number,
  sampling: SamplingParameters,
  signal: AbortSignal | undefined,
): Promise<number> {
  const draw = new Draw(sampling, position + ids.length);
  let answers = await pipeline.step(ids, position, draw.selection);
  for (;;) {
    const id = draw.offer(answers);
    if (id !== null) return id;
    signal?.throwIfAborted();
    answers = await pipeline.reselect(draw.selection);
  }
}
