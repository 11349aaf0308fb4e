import type { Breath } from "./breath.ts";
import type { Offer } from "./offer.ts";
import type { Route } from "./replicas.ts";
import { Schedule, type ScheduleOptions } from "./schedule.ts";

export interface LaneOptions extends ScheduleOptions {
  /** All lanes of a conductor pause together. */
  readonly breath: Breath;
  /** Sends a frame; settles, never rejects, when the step is over. */
  readonly transmit: (route: Route, offers: readonly Offer[]) => Promise<void>;
}

/**
 * The sessions of one route share its frames. Back-pressure is counted here, since a WebSocket does not tell how much it
 * has buffered: only so many frames are in flight until their steps are answered.
 */
export class Lane {
  readonly route: Route;
  /** How many frames may be in flight; changes as parts are lost and join in other places. */
  frames = 1;
  readonly #options: LaneOptions;
  readonly #schedule: Schedule;
  /** Sessions that wait for an answer, or have one and have not come back with their next rows: they decode. */
  readonly #away = new Set<number>();
  /** Those of them that were just answered: their next rows are moments away, and a frame waits for them. */
  readonly #due = new Set<number>();
  #dueTimer: ReturnType<typeof setTimeout> | undefined;
  #paused = false;
  #inFlight = 0;

  constructor(route: Route, options: LaneOptions) {
    this.route = route;
    this.#options = options;
    this.#schedule = new Schedule(options);
  }

  offer(offer: Offer): void {
    this.#away.delete(offer.session);
    this.#due.delete(offer.session);
    this.#schedule.add(offer);
    this.#pump();
  }

  /** Takes back what a session still has waiting; it is not waited for any more. */
  withdraw(session: number): void {
    this.#away.delete(session);
    this.#schedule.withdraw(session);
    // Not at once: whoever withdraws one session may be about to withdraw others.
    if (this.#due.delete(session)) queueMicrotask(() => this.#pump());
  }

  #pump(): void {
    while (this.#inFlight < this.frames && !this.#schedule.empty && !this.#gathering() && !this.#pausing()) {
      const offers = this.#schedule.take(this.frames, this.#away.size);
      const answered = offers.filter(({ selections }) => selections.length > 0).map(({ session }) => session);
      for (const session of answered) this.#away.add(session);
      this.#inFlight++;
      void this.#options.transmit(this.route, offers).then(() => {
        this.#inFlight--;
        for (const session of answered) if (this.#away.has(session)) this.#due.add(session);
        this.#pump();
      });
    }
  }

  /**
   * Whether a frame waits for sessions that were just answered: they go on as soon as the code that waits for the answers
   * has run, and one frame for all costs less than one each. Whoever has not come by the next turn of the event loop
   * waits for something else.
   */
  #gathering(): boolean {
    if (this.#due.size === 0) {
      clearTimeout(this.#dueTimer);
      this.#dueTimer = undefined;
      return false;
    }
    this.#dueTimer ??= setTimeout(() => {
      this.#dueTimer = undefined;
      this.#due.clear();
      this.#pump();
    }, 0);
    return true;
  }

  #pausing(): boolean {
    const pause = this.#options.breath.take();
    if (pause !== null && !this.#paused) {
      this.#paused = true;
      void pause.then(() => {
        this.#paused = false;
        this.#pump();
      });
    }
    return pause !== null;
  }
}
