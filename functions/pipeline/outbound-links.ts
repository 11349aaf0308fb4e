import { InferenceError } from "../../runtime/errors.ts";
import type { Successor } from "./assignment.ts";
import { type FaultPlace, placeName } from "./frame.ts";
import { type Caller, dialLink, type Link, type LinkEvents } from "./link.ts";

const keyOf = ({ group, replica, part = 0 }: FaultPlace) => `${group}/${replica}/${part}`;

/** The links one object has dialled, one a successor. */
export class OutboundLinks {
  readonly #connect: (successor: Successor) => Fetcher;
  readonly #events: LinkEvents;
  readonly #links = new Map<string, { readonly place: FaultPlace; readonly link: Link }>();
  readonly #dialling = new Map<string, Promise<void>>();

  constructor(connect: (successor: Successor) => Fetcher, events: LinkEvents) {
    this.#connect = connect;
    this.#events = events;
  }

  /** How many are open. */
  get open(): number {
    return [...this.#links.values()].filter(({ link }) => link.open).length;
  }

  /** Opens the links that are not open; InferenceError stage_lost or timed_out. */
  async dial(successors: readonly Successor[], caller: Caller): Promise<void> {
    await Promise.all(successors.map((successor) => this.#ensure(successor, caller)));
  }

  /** InferenceError stage_lost when there is no open link to `place`. */
  to(place: FaultPlace): Link {
    const entry = this.#links.get(keyOf(place));
    if (entry?.link.open) return entry.link;
    throw new InferenceError("stage_lost", `there is no link to ${placeName(place)}`);
  }

  isOpen(place: FaultPlace): boolean {
    return this.#links.get(keyOf(place))?.link.open ?? false;
  }

  /** Whose link this is; null when it is none of these. */
  placeOf(link: Link): FaultPlace | null {
    for (const entry of this.#links.values()) if (entry.link === link) return entry.place;
    return null;
  }

  close(place: FaultPlace): void {
    this.#links.get(keyOf(place))?.link.close();
    this.#links.delete(keyOf(place));
  }

  closeAll(): void {
    for (const { link } of this.#links.values()) link.close();
    this.#links.clear();
  }

  async #ensure(successor: Successor, caller: Caller): Promise<void> {
    const key = keyOf(successor.place);
    if (this.#links.get(key)?.link.open) return;
    const dialling = this.#dialling.get(key) ?? this.#dial(successor, caller);
    this.#dialling.set(key, dialling);
    try {
      await dialling;
    } finally {
      this.#dialling.delete(key);
    }
  }

  async #dial({ place, name }: Successor, caller: Caller): Promise<void> {
    const link = await dialLink(this.#connect({ place, name }), placeName(place), caller, this.#events);
    this.#links.set(keyOf(place), { place, link });
  }
}
