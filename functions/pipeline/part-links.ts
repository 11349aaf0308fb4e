import type { PartStatus } from "./assignment.ts";
import { JOIN_DEPTH } from "./calls.ts";
import type { FaultPlace } from "./frame.ts";
import { Joins, type Ownership, shardPlace } from "./joins.ts";
import type { Link, LinkEvents } from "./link.ts";
import { OutboundLinks } from "./outbound-links.ts";
import { type PartBindings, partStub } from "./part-stub.ts";
import type { Replicas, Route, StagePlace } from "./replicas.ts";
import type { Topology } from "./topology.ts";

/** The parts that have joined the conductor, and its own links: to the first stages and to the vocabulary shards. */
export class PartLinks {
  readonly #topology: Topology;
  readonly #incarnation: string;
  readonly #health: Pick<Replicas, "mark">;
  readonly #joins: Joins;
  readonly #links: OutboundLinks;

  constructor(
    bindings: PartBindings,
    topology: Topology,
    owner: Ownership,
    health: Pick<Replicas, "mark">,
    events: LinkEvents,
  ) {
    this.#topology = topology;
    this.#incarnation = owner.incarnation;
    this.#health = health;
    this.#joins = new Joins(bindings, topology, owner);
    this.#links = new OutboundLinks((successor) => partStub(bindings, successor), events);
  }

  /** Has the parts of `route` ready and linked; InferenceError says what could not be. */
  async prepare(route: Route): Promise<void> {
    await this.#joins.join(route, (place) => this.suspect(place));
    const places = [{ group: 0, replica: route[0]! }, ...this.#topology.shards.map((_, index) => shardPlace(index))];
    const successors = places.map((place) => ({ place, name: this.#joins.nameOf(place) }));
    try {
      const { hopMs } = this.#topology;
      const caller = { role: "conductor", incarnation: this.#incarnation, hopMs, depth: JOIN_DEPTH } as const;
      await this.#links.dial(successors, caller);
    } catch (error) {
      this.#joins.forget();
      throw error;
    }
    for (const [group, replica] of route.entries()) this.#health.mark({ group, replica }, false);
  }

  /**
   * How many frames of a prepared route are worth having in flight: one for each stage to work on and one on its way.
   * Parts that share a thread work in turn, and one full frame costs them less than several.
   */
  framesOf(route: Route): number {
    const apart = route.length + 1;
    return this.#topology.hopMs > 0 ? apart : Math.min(apart, this.#joins.isolates(route));
  }

  /** `place` has to join again, and until then another replica is preferred. */
  suspect(place: FaultPlace): void {
    this.#health.mark(place, true);
    this.#joins.lose(place);
    this.#links.close(place);
  }

  /** Ends a replica that no session passes any more, and the objects it is split over. */
  dismiss(replica: StagePlace): void {
    this.#links.close(replica);
    this.#joins.dismiss(replica);
  }

  /** How a part is; one that is not in the ring is not woken for it. */
  async report(place: FaultPlace): Promise<PartStatus> {
    return await this.#joins.report(place);
  }

  /** Closes every link; a route is prepared again before it is used. */
  rest(): void {
    this.#links.closeAll();
    this.#joins.rest();
  }

  /** InferenceError stage_lost when there is no open link to `place`. */
  to(place: FaultPlace): Link {
    return this.#links.to(place);
  }

  /** The first stage of `route`; null when its link is lost, and with it every session of the route. */
  first(route: Route): Link | null {
    const place = { group: 0, replica: route[0]! };
    return this.#links.isOpen(place) ? this.#links.to(place) : null;
  }

  placeOf(link: Link): FaultPlace | null {
    return this.#links.placeOf(link);
  }
}
