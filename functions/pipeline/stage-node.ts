import type { LayerStage } from "../../runtime/engine.ts";
import { InferenceError } from "../../runtime/errors.ts";
import { logLine } from "../log-line.ts";
import { checkHead, type StageAssignment, type Successor } from "./assignment.ts";
import { errorFrame } from "./error-frame.ts";
import {
  type FaultPlace,
  type Frame,
  type FrameBody,
  type FrameOf,
  frameHead,
  placeName,
  type RowsGroup,
} from "./frame.ts";
import { decodeFrame, encodeFrame } from "./frame-codec.ts";
import { HelperLinks } from "./helper-links.ts";
import { Inbox } from "./inbox.ts";
import type { Link, LinkEvents } from "./link.ts";
import { OutboundLinks } from "./outbound-links.ts";
import { type StageSession, StageSessions } from "./stage-sessions.ts";
import { wantedRows } from "./wanted-rows.ts";

const FIRST_SHARD: FaultPlace = { group: "vocabulary", replica: 0 };

/**
 * A stage's place in the ring: takes frames in the order they come, runs them, and passes them on. What goes wrong with
 * a session travels back along the link its rows came by, stage by stage, to the conductor.
 */
export class StageNode implements LinkEvents {
  readonly #inbox = new Inbox();
  readonly #inbound = new Set<Link>();
  readonly #outbound: OutboundLinks;
  /** To the other objects the stage's layers are split over. */
  readonly helpers: HelperLinks;
  #assignment: StageAssignment | null = null;
  #stage: LayerStage | null = null;
  #sessions: StageSessions | null = null;

  constructor(connect: (successor: Successor) => Fetcher) {
    this.#outbound = new OutboundLinks(connect, {
      message: this.#backward.bind(this),
      lost: this.#successorLost.bind(this),
    });
    this.helpers = new HelperLinks(connect, (error) => this.#reportAll(() => true, error, this.#place));
  }

  get sessions(): number {
    return this.#sessions?.size ?? 0;
  }

  get links(): number {
    return this.#inbound.size + this.#outbound.open + this.helpers.open;
  }

  /** Takes `stage` into the ring of `assignment`; sessions of another conductor's life or of another stage are over. */
  async join(assignment: StageAssignment, stage: LayerStage, hiddenSize: number): Promise<void> {
    await this.#inbox.run(() => {
      if (this.#assignment?.incarnation !== assignment.incarnation) this.#leave(assignment.incarnation);
      if (this.#stage !== stage) {
        this.#closeSessions(() => true);
        this.#sessions = new StageSessions(stage, hiddenSize);
      }
      this.#stage = stage;
      this.#assignment = assignment;
    });
    const { successors, incarnation, hopMs, depth } = assignment;
    await Promise.all([
      this.#outbound.dial(successors, { role: "stage", incarnation, hopMs, depth: depth + 1 }),
      this.helpers.dial(assignment),
    ]);
  }

  accepted(link: Link): void {
    this.#inbound.add(link);
  }

  message(bytes: ArrayBuffer, link: Link): void {
    this.#inbox.push(() => this.#receive(bytes, link));
  }

  lost(link: Link): void {
    this.#inbound.delete(link);
    this.#inbox.push(async () => this.#closeSessions((from) => from === link));
    // Nobody feeds this stage any more; open sockets are billed.
    if (this.#inbound.size === 0) this.#inbox.push(async () => this.#rest());
  }

  async #receive(bytes: ArrayBuffer, link: Link): Promise<void> {
    // Its sessions ended with the link: what it still brought is nobody's.
    if (!link.open) return;
    const frame = this.#decode(bytes, link);
    if (frame?.kind === "close") this.#passClose(frame);
    if (frame?.kind === "fork") this.#passFork(frame, link);
    if (frame?.kind !== "rows") return;
    try {
      await this.#run(frame, this.#check(frame), link);
    } catch (error) {
      link.tell(encodeFrame(errorFrame(frame, this.#place, sessionsOf(frame.groups), error)));
    }
  }

  /** A peer that sends what cannot be read is cut off: its conductor notices, and replays. */
  #decode(bytes: ArrayBuffer, link: Link): FrameOf<"rows" | "close" | "fork"> | null {
    try {
      const frame = decodeFrame(bytes);
      if (frame.kind === "rows" || frame.kind === "close" || frame.kind === "fork") return frame;
      throw new InferenceError("internal", `a stage takes no ${frame.kind} frames`);
    } catch (error) {
      logLine("error", "link_cut_off", { by: "a stage", peer: link.peer }, error);
      link.close();
      this.lost(link);
      return null;
    }
  }

  #check({ pipelineHash, incarnation }: Frame): StageAssignment {
    const assignment = this.#assignment;
    if (assignment === null)
      throw new InferenceError("stage_lost", `${placeName(this.#place)} has not joined a pipeline since it started`);
    checkHead({ pipelineHash, incarnation }, assignment);
    return assignment;
  }

  async #run(frame: FrameOf<"rows">, assignment: StageAssignment, link: Link): Promise<void> {
    const { groups, hidden, faults } = await this.#sessions!.run(frame, link);
    for (const { session, error } of faults) link.tell(encodeFrame(errorFrame(frame, this.#place, [session], error)));
    if (groups.length === 0) return;
    const passed: Frame = assignment.finalNorm
      ? { ...frameHead(frame), ...(await this.#select(groups, hidden)) }
      : { ...frameHead(frame), kind: "rows", groups, hidden };
    const bytes = encodeFrame(passed);
    const acknowledges = passed.kind === "select" && passed.wanted.length === 0;
    for (const place of acknowledges ? [FIRST_SHARD] : this.#next(frame.route)) {
      try {
        this.#outbound.to(place).send(bytes);
      } catch (error) {
        link.tell(encodeFrame(errorFrame(frame, place, sessionsOf(groups), error)));
      }
    }
  }

  /** The wanted rows alone, final-normed. */
  async #select(groups: readonly RowsGroup[], hidden: Float32Array): Promise<Extract<FrameBody, { kind: "select" }>> {
    const rows = wantedRows(groups, hidden);
    if (rows.wanted.length === 0) return { kind: "select", ...rows };
    return { kind: "select", wanted: rows.wanted, hidden: await this.#stage!.finalNormRows(rows.hidden) };
  }

  #passClose(frame: FrameOf<"close">): void {
    if (frame.incarnation !== this.#assignment?.incarnation) return;
    for (const session of frame.sessions) this.#sessions?.close(session);
    this.#sendClose(frame.route, frame.sessions);
  }

  #passFork(frame: FrameOf<"fork">, link: Link): void {
    if (frame.incarnation !== this.#assignment?.incarnation) return;
    this.#sessions?.fork(frame.from, frame.session, frame.tokens, link);
    if (this.#assignment.finalNorm) return;
    const bytes = encodeFrame(frame);
    for (const place of this.#next(frame.route)) if (this.#outbound.isOpen(place)) this.#outbound.to(place).tell(bytes);
  }

  /** Ends the sessions fed by links for which `holds`, here and further along their routes. */
  #closeSessions(holds: (from: Link) => boolean): void {
    for (const number of this.#sessions?.where(({ link }) => holds(link)) ?? []) {
      const { route } = this.#sessions!.get(number)!;
      this.#sessions!.close(number);
      this.#sendClose(route, [number]);
    }
  }

  #sendClose(route: readonly number[], sessions: readonly number[]): void {
    const { pipelineHash, incarnation } = this.#assignment!;
    const bytes = encodeFrame({ step: 0, pipelineHash, incarnation, route, kind: "close", sessions });
    // Where the link is gone, the sessions ended with it.
    for (const place of this.#next(route)) if (this.#outbound.isOpen(place)) this.#outbound.to(place).tell(bytes);
  }

  /** Errors of later stages, on their way to the conductor. */
  #backward(bytes: ArrayBuffer): void {
    const frame = decodeFrame(bytes);
    if (frame.kind !== "error") return;
    for (const [link, sessions] of this.#byLink(frame.sessions)) link.tell(encodeFrame({ ...frame, sessions }));
  }

  #successorLost(lost: Link): void {
    const place = this.#outbound.placeOf(lost);
    if (place === null) return;
    const { group, replica } = place;
    const error = new InferenceError("stage_lost", `${placeName(place)} closed its link`);
    this.#reportAll(({ route }) => group === "vocabulary" || route[group] === replica, error, place);
  }

  /** Tells the conductor of the sessions for which `holds` that they failed. */
  #reportAll(holds: (session: StageSession) => boolean, error: InferenceError, place: FaultPlace): void {
    if (this.#assignment === null) return;
    for (const [link, sessions] of this.#byLink(this.#sessions?.where(holds) ?? [])) {
      link.tell(encodeFrame(errorFrame({ ...this.#assignment, step: 0, route: [] }, place, sessions, error)));
    }
  }

  #byLink(sessions: readonly number[]): Map<Link, number[]> {
    const open = sessions.filter((session) => this.#sessions?.get(session)?.link.open);
    return Map.groupBy(open, (session) => this.#sessions!.get(session)!.link);
  }

  get #place(): FaultPlace {
    return { group: this.#assignment?.group ?? 0, replica: this.#assignment?.replica ?? 0 };
  }

  /** Where rows of `route` go from here. */
  #next(route: readonly number[]): readonly FaultPlace[] {
    const { finalNorm, group, successors } = this.#assignment!;
    if (finalNorm) return successors.map(({ place }) => place);
    return [{ group: group + 1, replica: route[group + 1]! }];
  }

  /** A new life of the conductor has begun: what belongs to the old one is cut off. */
  #leave(incarnation: string): void {
    this.#closeSessions(() => true);
    this.#outbound.closeAll();
    this.helpers.closeAll();
    for (const link of this.#inbound) {
      if (link.incarnation === incarnation) continue;
      link.close();
      this.#inbound.delete(link);
    }
  }

  #rest(): void {
    if (this.#inbound.size > 0) return;
    this.#outbound.closeAll();
    this.helpers.closeAll();
  }
}

const sessionsOf = (groups: readonly RowsGroup[]) => groups.map(({ session }) => session);
