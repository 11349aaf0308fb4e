import { type AnswerLimits, AnswerText, type Finish } from "./answer-text.ts";
import { InferenceError } from "./errors.ts";
import { Draw, type DrawOptions } from "./sampling/draw.ts";
import { logProbabilityOf, type TokenLogProbability } from "./sampling/log-probability.ts";
import type { SamplingParameters, Selection, ShardSelection } from "./sampling/selection.ts";
import { TokenHistory } from "./sampling/token-history.ts";
import type { TokenPipeline } from "./token-pipeline.ts";
import type { Tokenizer } from "./tokenizer/tokenizer.ts";

export interface GenerationRequest extends AnswerLimits {
  /** At least one id, bos included. */
  readonly promptIds: readonly number[];
  readonly sampling: SamplingParameters;
  /** Stop ids cannot be drawn before this many tokens (default 0). */
  readonly minTokens?: number;
  /** The first tokens of the answer where they were drawn before: they are fed with the prompt and not drawn again. */
  readonly knownIds?: readonly number[];
  /** Tell how probable each drawn token was, and the so many most probable in its place. */
  readonly logprobs?: number;
  /** The same for the tokens of the prompt, in `prompt` events before the first token. */
  readonly promptLogprobs?: number;
  /** Which ids may be drawn next; asked before every draw, and told what was drawn. */
  readonly constraint?: TokenConstraint;
  /** Looked at between steps. */
  readonly signal?: AbortSignal;
}

/** Restricts a generation to what some grammar allows. */
export interface TokenConstraint {
  /** As LogitEdits.allowed; read before the next call. */
  allowed(): Uint32Array | null;
  accept(id: number): void;
}

/** How probable the next tokens of the prompt were, each after those before it; null for its first. */
export interface PromptEvent {
  readonly type: "prompt";
  readonly logprobs: readonly (TokenLogProbability | null)[];
}

/** One token was drawn, or known. The texts of all of them make the answer; one may be empty (bytes of a character, a possible stop string). */
export interface TokenEvent {
  readonly type: "token";
  readonly ids: readonly number[];
  readonly text: string;
  /** Of `ids`, where asked for; not of known tokens. */
  readonly logprobs?: readonly TokenLogProbability[];
}

export interface DoneEvent {
  readonly type: "done";
  readonly finish: Finish;
  readonly promptTokens: number;
  /** Counts the stop id. */
  readonly completionTokens: number;
}

export type GenerationOutput = PromptEvent | TokenEvent | DoneEvent;

/** Rows of a prompt that are scored at once: their answers, of every shard, are held together. */
const SCORED_ROWS = 256;

/**
 * Feeds a prompt and draws up to maxTokens tokens; the last event is `done`. Without a tokenizer all texts are empty.
 * Closes the pipeline however it ends. Throws the signal's reason when aborted, and what the pipeline throws.
 */
export async function* generate(
  pipeline: TokenPipeline,
  tokenizer: Tokenizer | null,
  request: GenerationRequest,
): AsyncGenerator<GenerationOutput, void, undefined> {
  const { promptIds, sampling, knownIds = [], constraint, signal } = request;
  try {
    if (promptIds.length === 0) throw new InferenceError("unsupported", "a prompt needs at least one token");
    const answer = new AnswerText(tokenizer, request);
    const history = new TokenHistory(sampling, promptIds);
    let position = 0;
    let feed = [...promptIds];
    if (request.promptLogprobs !== undefined) {
      yield* scorePrompt(pipeline, promptIds, request.promptLogprobs, signal);
      position = promptIds.length - 1;
      feed = promptIds.slice(position);
    }
    while (answer.finish === undefined) {
      signal?.throwIfAborted();
      const known = knownIds[answer.tokens];
      let logprobs: TokenLogProbability[] | undefined;
      let id = known;
      if (id === undefined) {
        const draw = new Draw(sampling, position + feed.length, drawOptions(request, history, answer.tokens));
        const drawn = await drawNext(pipeline, draw, feed, position, signal);
        id = drawn.id;
        if (request.logprobs !== undefined) logprobs = [logProbabilityOf(drawn.answers, id, request.logprobs)];
        position += feed.length;
        feed = [];
      }
      feed.push(id);
      history.add(id);
      constraint?.accept(id);
      yield { type: "token", ids: [id], text: answer.push(id), ...(logprobs && { logprobs }) };
    }
    yield { type: "done", finish: answer.finish, promptTokens: promptIds.length, completionTokens: answer.tokens };
  } finally {
    await pipeline.close();
  }
}

function drawOptions(request: GenerationRequest, history: TokenHistory, tokens: number): DrawOptions {
  const { minTokens = 0, stopIds, logprobs, constraint } = request;
  const banned = tokens < minTokens ? [...new Set(stopIds)] : [];
  const edits = history.edits({ banned, allowed: constraint?.allowed() ?? null });
  const raw = logprobs !== undefined && { best: logprobs, named: new Uint32Array(0) };
  return { ...(edits && { edits }), ...(raw && { raw }) };
}

/** Feeds all ids of a prompt but the last, each row asked about the id after it. */
async function* scorePrompt(
  pipeline: TokenPipeline,
  promptIds: readonly number[],
  count: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<PromptEvent, void, undefined> {
  yield { type: "prompt", logprobs: [null] };
  for (let start = 0; start + 1 < promptIds.length; start += SCORED_ROWS) {
    signal?.throwIfAborted();
    const next = promptIds.slice(start + 1, start + 1 + SCORED_ROWS);
    const selections = next.map((id): Selection => {
      const raw = { best: count, named: Uint32Array.of(id) };
      return { kind: "best", count: 0, inverseTemperature: 1, mass: false, raw };
    });
    const answers = await pipeline.score(promptIds.slice(start, start + next.length), start, selections);
    yield { type: "prompt", logprobs: next.map((id, row) => logProbabilityOf(answers[row]!, id, count)) };
  }
}

/** Feeds `ids` from `position` on and draws the token after them; also what the shards answered last. */
async function drawNext(
  pipeline: TokenPipeline,
  draw: Draw,
  ids: readonly number[],
  position: number,
  signal: AbortSignal | undefined,
): Promise<{ id: number; answers: readonly ShardSelection[] }> {
  let answers = await pipeline.step(ids, position, draw.selection);
  for (;;) {
    const id = draw.offer(answers);
    if (id !== null) return { id, answers };
    signal?.throwIfAborted();
    answers = await pipeline.reselect(draw.selection);
  }
}
