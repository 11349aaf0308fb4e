import type { Breath } from "./breath.ts";
import type { Route } from "./replicas.ts";
import { nextFrame, type Offer } from "./schedule.ts";

export interface LaneOptions {
  /** The most rows of a frame. */
  readonly maxRows: number;
  /** All lanes of a conductor pause together. */
  readonly breath: Breath;
  /** Sends a frame; settles, never rejects, when the step is over. */
  readonly transmit: (route: Route, offers: readonly Offer[]) => Promise<void>;
}

/**
 * The sessions of one route share its frames. Back-pressure is counted here: a frame takes a credit until its step is
 * answered, since a WebSocket does not tell how much it has buffered.
 */
export class Lane {
  readonly route: Route;
  readonly #maxRows: number;
  readonly #breath: Breath;
  readonly #transmit: LaneOptions["transmit"];
  #paused = false;
  #credits: number;
  #waiting: readonly Offer[] = [];

  constructor(route: Route, { maxRows, breath, transmit }: LaneOptions) {
    this.route = route;
    this.#maxRows = maxRows;
    this.#breath = breath;
    this.#transmit = transmit;
    // One frame for each stage to work on, and one on its way.
    this.#credits = route.length + 1;
  }

  offer(offer: Offer): void {
    this.#waiting = [...this.#waiting, offer];
    this.#pump();
  }

  /** Takes back what a session still has waiting. */
  withdraw(session: number): void {
    this.#waiting = this.#waiting.filter((offer) => offer.session !== session);
  }

  #pump(): void {
    while (this.#credits > 0 && this.#waiting.length > 0 && !this.#pausing()) {
      const { frame, rest } = nextFrame(this.#waiting, this.#maxRows);
      this.#waiting = rest;
      this.#credits--;
      void this.#transmit(this.route, frame).then(() => {
        this.#credits++;
        this.#pump();
      });
    }
  }

  #pausing(): boolean {
    const pause = this.#breath.take();
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
