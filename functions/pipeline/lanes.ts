import { Lane, type LaneOptions } from "./lane.ts";
import type { Route } from "./replicas.ts";

/** A lane for each route that sessions take. */
export class Lanes {
  readonly #options: LaneOptions;
  readonly #lanes = new Map<string, Lane>();

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  of(route: Route): Lane {
    const key = route.join("/");
    const lane = this.#lanes.get(key) ?? new Lane(route, this.#options);
    this.#lanes.set(key, lane);
    return lane;
  }

  /** Only when there are no sessions. */
  clear(): void {
    this.#lanes.clear();
  }
}
