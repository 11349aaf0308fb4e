import { cutOffer, isDecode, type Offer } from "./offer.ts";
import { Turns } from "./turns.ts";

/** Beside decoding rows a frame does this many times their work for prompts. */
export const PROMPT_SHARE = 2;
/** Work of prompt rows, over all frames in flight, that goes on however few sessions decode. */
export const LEAST_PROMPT_WORK = 16;
/** Prompts keep this part of a frame when decoding rows would fill it. */
const KEPT_FOR_PROMPTS = 1 / 8;
/** Rows of a prompt that its tenant takes in one turn. */
const TURN_ROWS = 8;

export interface ScheduleOptions {
  /** The most rows of a frame. */
  readonly maxRows: number;
  /** Position at which attention takes a row as much work as all the rest; work is counted in rows at position 0. */
  readonly attentionTokens: number;
}

/**
 * The rows that wait for a frame, and what the next one holds. Rows of decoding sessions go first: each is in the next
 * frame that leaves, unless there are more of them than its part or than it holds. A frame with them, or sent while others decode,
 * takes on a limited work of prompts, so that a long prompt slows decoding by a known factor and never halts it. What
 * does not fit is shared among tenants by weight; of one tenant's rows those that came first go first.
 */
export class Schedule {
  readonly #options: ScheduleOptions;
  readonly #decodeTurns = new Turns();
  readonly #promptTurns = new Turns();
  #waiting: readonly Offer[] = [];

  constructor(options: ScheduleOptions) {
    this.#options = options;
  }

  /** Whether nothing waits. */
  get empty(): boolean {
    return this.#waiting.length === 0;
  }

  add(offer: Offer): void {
    this.#waiting = [...this.#waiting, offer];
  }

  /** Takes back what a session still has waiting. */
  withdraw(session: number): void {
    this.#waiting = this.#waiting.filter((offer) => offer.session !== session);
  }

  /**
   * Takes the next frame's rows, none when nothing waits. Up to `frames` frames are in flight together, and the others
   * carry rows of `away` decoding sessions, or are about to. Each takes an equal part of all decoding rows: where one frame
   * is worked on longer than another, whoever has the short one waits for the long one.
   */
  take(frames: number, away: number): Offer[] {
    const { maxRows } = this.#options;
    const prompts = this.#waiting.filter((offer) => !isDecode(offer));
    const kept = prompts.length === 0 || maxRows === 1 ? 0 : Math.max(1, Math.floor(maxRows * KEPT_FOR_PROMPTS));
    const waiting = this.#waiting.filter(isDecode);
    const equalPart = Math.ceil((waiting.length + away) / frames);
    const decodes = this.#takeDecodes(waiting, Math.min(equalPart, maxRows - kept));
    const beside = decodes.reduce((sum, { position }) => sum + this.#workAt(position), 0);
    const limited = away > 0 || decodes.length > 0;
    const work = limited ? Math.max(PROMPT_SHARE * beside, LEAST_PROMPT_WORK / frames) : Number.POSITIVE_INFINITY;
    const rowsOf = this.#takePrompts(prompts, maxRows - decodes.length, work);
    const frame = [...decodes];
    const taken = new Set(decodes);
    this.#waiting = this.#waiting.flatMap((offer) => {
      if (taken.has(offer)) return [];
      const rows = rowsOf.get(offer) ?? 0;
      if (rows === 0) return [offer];
      if (rows === offer.rows) {
        frame.push(offer);
        return [];
      }
      const [head, tail] = cutOffer(offer, rows);
      frame.push(head);
      return [tail];
    });
    return frame;
  }

  #takeDecodes(offers: readonly Offer[], free: number): readonly Offer[] {
    if (offers.length <= free) return offers;
    const queues = Map.groupBy(offers, ({ share }) => share.tenant);
    return Array.from({ length: free }, () => {
      const tenant = this.#decodeTurns.next(queues.keys());
      const queue = queues.get(tenant)!;
      const offer = queue.shift()!;
      if (queue.length === 0) queues.delete(tenant);
      this.#decodeTurns.took(offer.share, this.#workAt(offer.position));
      return offer;
    });
  }

  /** How many rows of which offers: at most `free` rows and, but for the first of them, `work`. */
  #takePrompts(offers: readonly Offer[], free: number, work: number): ReadonlyMap<Offer, number> {
    const rowsOf = new Map<Offer, number>();
    const queues = Map.groupBy(offers, ({ share }) => share.tenant);
    while (free > 0 && queues.size > 0) {
      const tenant = this.#promptTurns.next(queues.keys());
      const queue = queues.get(tenant)!;
      const offer = queue[0]!;
      const had = rowsOf.get(offer) ?? 0;
      const rowWork = this.#workAt(offer.position + had);
      const fitting = Math.max(rowsOf.size === 0 ? 1 : 0, Math.floor(work / rowWork));
      const rows = Math.min(TURN_ROWS, free, offer.rows - had, fitting);
      if (rows === 0) return rowsOf;
      rowsOf.set(offer, had + rows);
      if (had + rows === offer.rows) queue.shift();
      if (queue.length === 0) queues.delete(tenant);
      this.#promptTurns.took(offer.share, rows * rowWork);
      free -= rows;
      work -= rows * rowWork;
    }
    return rowsOf;
  }

  #workAt(position: number): number {
    return 1 + position / this.#options.attentionTokens;
  }
}
