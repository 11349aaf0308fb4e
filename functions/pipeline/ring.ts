import { InferenceError } from "../../runtime/errors.ts";
import type { Selection, ShardSelection } from "../../runtime/sampling/selection.ts";
import type { PartReport } from "./assignment.ts";
import { Breath } from "./breath.ts";
import { JOIN_DEPTH } from "./calls.ts";
import { asLost, toInferenceError } from "./failure.ts";
import { type FaultPlace, type Frame, type FrameBody, type FrameOf, placeName, type RowAnswer } from "./frame.ts";
import { decodeFrame, encodeFrame } from "./frame-codec.ts";
import { HopTime } from "./hop-time.ts";
import { Joins, type Ownership } from "./joins.ts";
import { Lane, type LaneOptions } from "./lane.ts";
import type { Link, LinkEvents } from "./link.ts";
import { type Offer, rowsBody, type Share } from "./offer.ts";
import { OutboundLinks } from "./outbound-links.ts";
import { Outstanding } from "./outstanding.ts";
import { type PartBindings, partStub } from "./part-stub.ts";
import { Passage } from "./passage.ts";
import { passes, type Replicas, type Route, type StagePlace } from "./replicas.ts";
import type { ScheduleOptions } from "./schedule.ts";
import { stepLimitMs } from "./time-limit.ts";
import type { Hops } from "./timings.ts";
import type { Topology } from "./topology.ts";

const shardPlace = (index: number): FaultPlace => ({ group: "vocabulary", replica: index });

/** Is told which parts fail, which answer again, and how long frames take. */
export type Health = Pick<Replicas, "mark" | "timed">;

/** A frame on its way round. */
interface Step {
  readonly route: Route;
  /** Sessions that have not failed. */
  readonly sessions: Set<number>;
}

/** The conductor's end of the ring: sends frames, hears answers, and finds out what is lost. */
export class Ring implements LinkEvents, Hops {
  readonly #topology: Topology;
  readonly #owner: Ownership;
  readonly #replicas: Health;
  readonly #joins: Joins;
  readonly #links: OutboundLinks;
  readonly #outstanding = new Outstanding();
  readonly #hopTime = new HopTime();
  readonly #steps = new Map<number, Step>();
  readonly #passages = new Map<number, Passage>();
  readonly #lanes = new Map<string, Lane>();
  readonly #laneOptions: LaneOptions;
  #nextStep = 0;
  #nextSession = 0;
  #rowsUnderWay = 0;

  constructor(
    bindings: PartBindings,
    topology: Topology,
    owner: Ownership,
    replicas: Health,
    attentionTokens: ScheduleOptions["attentionTokens"],
  ) {
    this.#topology = topology;
    this.#owner = owner;
    this.#replicas = replicas;
    this.#laneOptions = {
      maxRows: topology.chunkRows,
      attentionTokens,
      breath: new Breath(),
      transmit: this.#transmit.bind(this),
    };
    this.#joins = new Joins(bindings, topology, owner);
    this.#links = new OutboundLinks((successor) => partStub(bindings, successor), this);
  }

  get topology(): Topology {
    return this.#topology;
  }

  get passages(): number {
    return this.#passages.size;
  }

  get hopMs(): number {
    return this.#hopTime.ms;
  }

  /** To the first stage, on to each other, to a vocabulary shard, and back; and to helpers and back for every block. */
  get hopsOfStep(): number {
    const { stages, layerParts } = this.#topology;
    const blocks = layerParts === 1 ? 0 : 2 * stages.reduce((sum, { layerCount }) => sum + layerCount, 0);
    return stages.length + 2 + 2 * blocks;
  }

  get unanswered(): number {
    return this.#outstanding.size;
  }

  /** Has the parts of `route` ready and linked, and begins a session on it; InferenceError says what could not be. */
  async open(route: Route, share: Share): Promise<Passage> {
    await this.prepare(route);
    return this.adopt(route, this.#nextSession++, share);
  }

  /** Has the parts of `route` ready and linked. */
  async prepare(route: Route): Promise<void> {
    await this.#joins.join(route, (place) => this.#suspect(place));
    const places = [{ group: 0, replica: route[0]! }, ...this.#shards.map(shardPlace)];
    const successors = places.map((place) => ({ place, name: this.#joins.nameOf(place) }));
    try {
      const { incarnation } = this.#owner;
      const { hopMs } = this.#topology;
      await this.#links.dial(successors, { role: "conductor", incarnation, hopMs, depth: JOIN_DEPTH });
    } catch (error) {
      this.#joins.forget();
      throw error;
    }
    for (const [group, replica] of route.entries()) this.#replicas.mark({ group, replica }, false);
    this.#lane(route).frames = this.#framesOf(route);
  }

  /** Ends a replica that no session passes any more, and the objects it is split over. */
  dismiss(replica: StagePlace): void {
    this.#links.close(replica);
    this.#joins.dismiss(replica);
  }

  /**
   * Has the stages of `route` begin a session with the first `tokens` tokens of session `from`, behind the rows sent until
   * now; its number, or null when the route is not open.
   */
  fork(route: Route, from: number, tokens: number): number | null {
    const first = { group: 0, replica: route[0]! };
    if (!this.#links.isOpen(first)) return null;
    const session = this.#nextSession++;
    this.#links.to(first).tell(this.#encode(0, route, { kind: "fork", from, session, tokens }));
    return session;
  }

  /** The passage of a session that was forked on `route`. */
  adopt(route: Route, session: number, share: Share): Passage {
    const lane = this.#lane(route);
    const passage = new Passage(session, route, (rows) => lane.offer({ session, share, ...rows }));
    this.#passages.set(session, passage);
    return passage;
  }

  /** Ends a session: its KV cache is freed behind the last of its rows. */
  close(passage: Passage, reason: unknown): void {
    if (!this.#passages.has(passage.number)) return;
    this.#forget(passage, reason);
    this.end(passage.route, passage.number);
  }

  /** Has the stages of `route` free a session's KV cache, behind the rows sent until now. */
  end(route: Route, session: number): void {
    const bytes = this.#encode(0, route, { kind: "close", sessions: [session] });
    const first = { group: 0, replica: route[0]! };
    // A lost link has ended the session already.
    if (this.#links.isOpen(first)) this.#links.to(first).tell(bytes);
  }

  /** Embedding rows of `ids`, which all lie in vocabulary shard `shard`. */
  async embed(shard: number, ids: Uint32Array): Promise<Float32Array> {
    const askedMs = performance.now();
    const [answer] = await this.#ask([shard], { kind: "embed", ids }, ids.length);
    this.#hopTime.heard(performance.now() - askedMs);
    return (answer as FrameOf<"embedded">).hidden;
  }

  /** Another selection for the last wanted row of a session. */
  async reselect(passage: Passage, selection: Selection): Promise<ShardSelection[]> {
    const answers = await this.#ask(this.#shards, { kind: "reselect", session: passage.number, selection }, 1);
    return answers.map((answer) => (answer as FrameOf<"answers">).answers[0]!.selection);
  }

  /** How a part is; one that is not in the ring is not woken for it. */
  async report(place: FaultPlace): Promise<PartReport> {
    return await this.#joins.report(place);
  }

  /** Closes every link; the next session opens them again. Only when there are no sessions. */
  rest(): void {
    this.#links.closeAll();
    this.#joins.rest();
    this.#lanes.clear();
  }

  message(bytes: ArrayBuffer, link: Link): void {
    const place = this.#links.placeOf(link);
    if (place === null) return;
    let frame: Frame;
    try {
      frame = decodeFrame(bytes);
    } catch (error) {
      this.#lose(place, asLost(error, placeName(place)));
      return;
    }
    if (frame.incarnation !== this.#owner.incarnation) return;
    if (frame.kind === "error") this.#fault(frame);
    else if (place.group === "vocabulary") this.#outstanding.receive(place.replica, frame);
  }

  lost(link: Link): void {
    const place = this.#links.placeOf(link);
    if (place !== null) this.#lose(place, new InferenceError("stage_lost", `${placeName(place)} closed its link`));
  }

  /** Sends one frame and sees its step through. */
  async #transmit(route: Route, offers: readonly Offer[]): Promise<void> {
    const number = this.#nextStep++;
    const rows = offers.reduce((sum, offer) => sum + offer.rows, 0);
    const step: Step = { route, sessions: new Set(offers.map(({ session }) => session)) };
    const wanted = offers.some(({ selections }) => selections.length > 0);
    const startMs = Date.now();
    this.#steps.set(number, step);
    this.#rowsUnderWay += rows;
    try {
      const answers = this.#expect(number, wanted ? this.#shards : [0], 0, () => {
        this.#send({ group: 0, replica: route[0]! }, number, route, rowsBody(offers));
      });
      for (const { session, rows } of offers) this.#passages.get(session)?.sent(rows);
      this.#distribute(offers, await answers);
      this.#replicas.timed(route, Date.now() - startMs);
    } catch (error) {
      if (error instanceof InferenceError && error.code === "timed_out") this.#loseRoute(route, error);
      for (const session of step.sessions) this.#fail(session, error);
    } finally {
      this.#rowsUnderWay -= rows;
      this.#steps.delete(number);
    }
  }

  #distribute(offers: readonly Offer[], frames: readonly Frame[]): void {
    const shards = frames.map((frame) => Map.groupBy(answersOf(frame), ({ session }) => session));
    for (const { session, rows, selections } of offers) {
      const passage = this.#passages.get(session);
      passage?.computed(rows);
      if (passage === undefined || selections.length === 0) continue;
      const found = shards.map((answers) => answers.get(session) ?? []);
      if (found.every((answers) => answers.length === selections.length))
        passage.answered(selections.map((_, row) => found.map((answers) => answers[row]!.selection)));
      else passage.fail(new InferenceError("internal", `rows of session ${session} are missing in an answer`));
    }
  }

  /** Asks vocabulary shards directly. */
  async #ask(shards: readonly number[], body: FrameBody, rows: number): Promise<Frame[]> {
    const number = this.#nextStep++;
    return await this.#expect(number, shards, rows, () => {
      for (const shard of shards) this.#send(shardPlace(shard), number, [], body);
    });
  }

  /** Sends, and waits for the answers of `shards` as long as they and `rows` more rows may take. */
  #expect(number: number, shards: readonly number[], rows: number, send: () => void): Promise<Frame[]> {
    const answers = this.#outstanding.expect(number, shards, stepLimitMs(this.#rowsUnderWay + rows));
    try {
      send();
    } catch (error) {
      this.#outstanding.reject(number, asLost(error, "the ring"));
    }
    return answers;
  }

  /** Something went wrong further along: in one session, or with a part that all sessions passing it have lost. */
  #fault({ step, code, message, place, sessions }: FrameOf<"error">): void {
    // What is lost is named in the message; everything else happened at `place`.
    const error = toInferenceError({
      code,
      message: code === "stage_lost" ? message : `${placeName(place)}: ${message}`,
    });
    if (code === "stage_lost") this.#lose(place, error);
    if (!this.#steps.has(step)) this.#outstanding.reject(step, error);
    for (const session of sessions) this.#fail(session, error);
  }

  /** A part is gone: with it went the KV cache of every session that passes it. */
  #lose(place: FaultPlace, error: InferenceError): void {
    this.#suspect(place);
    if (place.group === "vocabulary") this.#outstanding.loseShard(place.replica, error);
    for (const [number, { route }] of this.#steps) if (passes(route, place)) this.#outstanding.reject(number, error);
    for (const passage of this.#passages.values()) if (passes(passage.route, place)) this.close(passage, error);
  }

  /** A time limit does not say who is late: the whole route is opened anew. */
  #loseRoute(route: Route, cause: InferenceError): void {
    for (const [group, replica] of route.entries()) this.#suspect({ group, replica });
    this.#lose({ group: 0, replica: route[0]! }, new InferenceError("stage_lost", cause.message, { cause }));
  }

  /** `place` has to join again, and until then another replica is preferred. */
  #suspect(place: FaultPlace): void {
    this.#replicas.mark(place, true);
    this.#joins.forget();
    this.#links.close(place);
  }

  #fail(session: number, error: unknown): void {
    const passage = this.#passages.get(session);
    if (passage !== undefined) this.close(passage, error);
    for (const [number, { sessions }] of this.#steps) {
      // When nothing of a frame goes on, nobody will answer it.
      if (sessions.delete(session) && sessions.size === 0)
        this.#outstanding.reject(number, asLost(error, "the session"));
    }
  }

  #forget(passage: Passage, reason: unknown): void {
    this.#passages.delete(passage.number);
    this.#lane(passage.route).withdraw(passage.number);
    passage.fail(reason);
  }

  /**
   * How many frames of a route are worth having in flight: one for each stage to work on and one on its way. Parts that
   * share a thread work in turn, and one full frame costs them less than several.
   */
  #framesOf(route: Route): number {
    const apart = route.length + 1;
    return this.#topology.hopMs > 0 ? apart : Math.min(apart, this.#joins.isolates(route));
  }

  #lane(route: Route): Lane {
    const key = route.join("/");
    const lane = this.#lanes.get(key) ?? new Lane(route, this.#laneOptions);
    this.#lanes.set(key, lane);
    return lane;
  }

  #send(place: FaultPlace, step: number, route: Route, body: FrameBody): void {
    this.#links.to(place).send(this.#encode(step, route, body));
  }

  #encode(step: number, route: Route, body: FrameBody): Uint8Array<ArrayBuffer> {
    const { pipelineHash, incarnation } = this.#owner;
    return encodeFrame({ step, pipelineHash, incarnation, route, ...body });
  }

  get #shards(): number[] {
    return this.#topology.shards.map((_, index) => index);
  }
}

const answersOf = (frame: Frame): readonly RowAnswer[] => (frame.kind === "answers" ? frame.answers : []);
