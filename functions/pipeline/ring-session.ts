import { InferenceError, type InferenceErrorCode } from "../../runtime/errors.ts";
import type { Selection, ShardSelection } from "../../runtime/sampling/selection.ts";
import type { TokenPipeline } from "../../runtime/token-pipeline.ts";
import { logLine } from "../log-line.ts";
import type { Admission, Seat } from "./admission.ts";
import { backOff } from "./back-off.ts";
import type { Embeddings } from "./embeddings.ts";
import type { Share } from "./offer.ts";
import type { Passage } from "./passage.ts";
import type { PrefixCache } from "./prefix-cache.ts";
import type { Ring } from "./ring.ts";
import { SessionPages } from "./shared-pages.ts";

/** In a row, without an answer between them. */
export const MAX_REPLAYS = 8;
/** A part that hangs costs a whole time limit a try: no more tries after this long. */
const REPLAY_LIMIT_MS = 30_000;
const PASSING: readonly InferenceErrorCode[] = ["stage_lost", "timed_out", "position_gap", "out_of_capacity"];

/** What a session runs on. */
export interface RingParts {
  readonly ring: Ring;
  readonly admission: Admission;
  readonly embeddings: Embeddings;
  readonly prefixes: PrefixCache;
}

/** What a session is opened for. */
export interface SessionAsked {
  /** Whose turns its rows take. */
  readonly share: Share;
  /** As PrefixAsked. */
  readonly shareKey: string;
  /** What it will feed first. */
  readonly ids: readonly number[];
  /** Prompt and answer at most. */
  readonly tokens: number;
  /** Every row's answer is wanted: nothing may be left out because it was computed before. */
  readonly wantsAllRows: boolean;
  /** It was admitted before, and waits before all others. */
  readonly resumed: boolean;
}

/**
 * One generation on the ring. It alone knows the session's ids: when a part is lost it stitches another route and feeds
 * them again from position 0. Every part computes the same bits again, so the tokens stay the same.
 */
export class RingSession implements TokenPipeline {
  readonly #parts: RingParts;
  readonly #share: Share;
  readonly #shareKey: string;
  readonly #signal: AbortSignal;
  readonly #ids: number[] = [];
  readonly #leave = () => this.#drop(this.#signal.reason);
  #seat: Seat;
  #passage: Passage | null;
  /** How many ids the passage began with. */
  #begunTokens: number;
  /** What it shares with prefixes. */
  #sharedPages: SessionPages;
  /** How many of the ids the stages have computed for certain. */
  #knownTokens = 0;
  #computedTokens = 0;
  #closed = false;
  /** Ids that were not computed because a prefix held them. */
  readonly cachedTokens: number;

  private constructor(parts: RingParts, { share, shareKey }: SessionAsked, seat: Seat, signal: AbortSignal) {
    this.#parts = parts;
    this.#share = share;
    this.#shareKey = shareKey;
    this.#seat = seat;
    this.#signal = signal;
    const { route, claim } = seat;
    this.#passage = claim && parts.ring.adopt(route, claim.session, share);
    this.#begunTokens = claim?.tokens ?? 0;
    this.#sharedPages = claim?.pages ?? new SessionPages();
    this.cachedTokens = this.#begunTokens;
    signal.addEventListener("abort", this.#leave, { once: true });
  }

  /**
   * Waits for a seat, and for the parts of a route to be ready. InferenceError as Admission.admit and Ring.open; rejects
   * with the signal's reason when it is aborted.
   */
  static async open(parts: RingParts, asked: SessionAsked, signal: AbortSignal): Promise<RingSession> {
    const { shareKey, ids, tokens, wantsAllRows, resumed } = asked;
    const prefix = wantsAllRows ? null : { shareKey, ids };
    const seat = await parts.admission.admit({ tokens, prefix }, signal, resumed);
    const session = new RingSession(parts, asked, seat, signal);
    try {
      await session.#persevere(async () => {});
      return session;
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  /** The most tokens that went through all stages; a replay counts none twice. */
  get computedTokens(): number {
    return Math.max(this.#computedTokens, this.#begunTokens + (this.#passage?.computedRows ?? 0));
  }

  async step(ids: readonly number[], position: number, selection: Selection): Promise<ShardSelection[]> {
    const [answers] = await this.score(ids, position, [selection]);
    return answers!;
  }

  async score(ids: readonly number[], position: number, selections: readonly Selection[]): Promise<ShardSelection[][]> {
    this.#ids.length = position;
    this.#knownTokens = Math.min(this.#knownTokens, position);
    for (const id of ids) this.#ids.push(id);
    // What it began with was computed before, but every answer takes its row.
    const from = Math.min(Math.max(position, this.#begunTokens), this.#ids.length - selections.length);
    const answers = await this.#persevere(
      async (passage, anew) => await this.#feed(passage, anew ? 0 : from, selections),
    );
    const first = this.#knownTokens === 0;
    this.#knownTokens = this.#ids.length;
    // Others may come with the same prompt before this one ends.
    if (first) this.#keepPrefix(this.#knownTokens);
    return answers;
  }

  async reselect(selection: Selection): Promise<ShardSelection[]> {
    return await this.#persevere(async (passage, anew) => {
      if (anew) return (await this.#feed(passage, 0, [selection]))[0]!;
      return await passage.unlessFailed(this.#parts.ring.reselect(passage, selection));
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#signal.removeEventListener("abort", this.#leave);
    this.#drop(new InferenceError("internal", "the session is closed"));
    this.#parts.admission.release(this.#seat);
  }

  /** Does `work` on the session's passage, or on a new one that has seen nothing (`anew`) when that is lost. */
  async #persevere<Value>(work: (passage: Passage, anew: boolean) => Promise<Value>): Promise<Value> {
    const startMs = Date.now();
    for (let attempt = 0; ; attempt++) {
      try {
        const anew = this.#passage === null;
        this.#passage ??= await this.#openPassage();
        return await work(this.#passage, anew);
      } catch (error) {
        this.#drop(error);
        this.#signal.throwIfAborted();
        // It may be gone, and is not worth another failure.
        if (this.#seat.claim !== null) this.#parts.prefixes.drop(this.#seat.claim.source);
        const late = attempt === MAX_REPLAYS || Date.now() - startMs > REPLAY_LIMIT_MS;
        if (late || !this.#mayPass(error)) throw error;
        logLine("warn", "session_replayed", { attempt: attempt + 1, of: MAX_REPLAYS }, error);
      }
      await backOff(attempt);
      this.#signal.throwIfAborted();
      this.#seat = this.#parts.admission.reroute(this.#seat);
    }
  }

  /** Feeds the ids from position `from`, and answers the selections for the last; chunks follow each other unanswered. */
  async #feed(passage: Passage, from: number, selections: readonly Selection[]): Promise<ShardSelection[][]> {
    const { prefixes, embeddings } = this.#parts;
    const embed = (start: number, end: number) => passage.unlessFailed(embeddings.rows(this.#ids.slice(start, end)));
    const firstWanted = this.#ids.length - selections.length;
    passage.expect(selections.length);
    let start = from;
    let end = this.#chunkEnd(start);
    let rows = embed(start, end);
    while (start < this.#ids.length) {
      const hidden = await rows;
      const nextEnd = this.#chunkEnd(end);
      if (end < this.#ids.length) rows = embed(end, nextEnd);
      // Should the passage fail before these rows are needed, `offer` says so.
      rows.catch(() => {});
      const wanted = selections.slice(Math.max(0, start - firstWanted), Math.max(0, end - firstWanted));
      prefixes.slide(passage.route, this.#sharedPages, end);
      await passage.offer(start, hidden, end - start, wanted);
      if (this.#seat.prefixPlaces.includes(end)) this.#keepPrefix(end);
      [start, end] = [end, nextEnd];
    }
    return await passage.answers();
  }

  /** Where the rows end that begin at `start` and travel together: after a chunk, or where the prompt is to be kept. */
  #chunkEnd(start: number): number {
    const place = this.#seat.prefixPlaces.find((tokens) => tokens > start) ?? Number.POSITIVE_INFINITY;
    return Math.min(start + this.#parts.ring.topology.chunkRows, this.#ids.length, place);
  }

  async #openPassage(): Promise<Passage> {
    const opening = this.#parts.ring.open(this.#seat.route, this.#share);
    const { promise, reject } = Promise.withResolvers<never>();
    const aborted = () => reject(this.#signal.reason);
    this.#signal.addEventListener("abort", aborted, { once: true });
    try {
      return await Promise.race([opening, promise]);
    } catch (error) {
      // Loading cannot be called off; what it opens in the end is closed again.
      opening.then((passage) => this.#parts.ring.close(passage, error)).catch(() => {});
      throw error;
    } finally {
      this.#signal.removeEventListener("abort", aborted);
    }
  }

  #drop(reason: unknown): void {
    this.#computedTokens = this.computedTokens;
    this.#keepPrefix(this.#knownTokens);
    if (this.#passage !== null) this.#parts.ring.close(this.#passage, reason);
    this.#parts.prefixes.unpin(this.#seat.route, this.#sharedPages);
    this.#passage = null;
    this.#begunTokens = 0;
    this.#knownTokens = 0;
    this.#sharedPages = new SessionPages();
  }

  /** Lets other sessions begin with the first `tokens` ids: this one was fed them, and not much more. */
  #keepPrefix(tokens: number): void {
    if (this.#passage === null || this.#passage.failed) return;
    const fed = { shareKey: this.#shareKey, ids: this.#ids.slice(0, tokens) };
    this.#parts.prefixes.keep(fed, this.#passage.route, this.#passage.number, this.#sharedPages);
  }

  /**
   * Whether trying again can help: a part was lost or is late, the cache of a closed session is not yet free, or another
   * replica may have the right files.
   */
  #mayPass(error: unknown): boolean {
    if (!(error instanceof InferenceError)) return false;
    if (error.code === "bad_shard") return this.#parts.admission.hasReplicas;
    return PASSING.includes(error.code);
  }
}
