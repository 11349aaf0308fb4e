import { InferenceError } from "../../runtime/errors.ts";
import type { Selection, ShardSelection } from "../../runtime/sampling/selection.ts";
import type { PartStatus } from "./assignment.ts";
import { Breath } from "./breath.ts";
import { asLost, toInferenceError } from "./failure.ts";
import { type FaultPlace, type Frame, type FrameBody, type FrameOf, placeName } from "./frame.ts";
import { decodeFrame, encodeFrame } from "./frame-codec.ts";
import { HopTime } from "./hop-time.ts";
import { type Ownership, shardPlace } from "./joins.ts";
import { Lanes } from "./lanes.ts";
import type { Link, LinkEvents } from "./link.ts";
import { type Offer, rowsBody, type Share } from "./offer.ts";
import { PartLinks } from "./part-links.ts";
import type { PartBindings } from "./part-stub.ts";
import { Passage } from "./passage.ts";
import { Passages } from "./passages.ts";
import { passes, type Replicas, type Route, type StagePlace } from "./replicas.ts";
import type { ScheduleOptions } from "./schedule.ts";
import { Steps } from "./steps.ts";
import type { Hops } from "./timings.ts";
import type { Topology } from "./topology.ts";

/** Is told which parts fail, which answer again, and how long frames take. */
export type Health = Pick<Replicas, "mark" | "timed">;

/** The conductor's end of the ring: sends frames, hears answers, and finds out what is lost. */
export class Ring implements LinkEvents, Hops {
  readonly #topology: Topology;
  readonly #owner: Ownership;
  readonly #replicas: Health;
  readonly #parts: PartLinks;
  readonly #steps: Steps;
  readonly #hopTime = new HopTime();
  readonly #passages = new Passages();
  readonly #lanes: Lanes;
  #nextSession = 0;

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
    this.#steps = new Steps(topology.rowLimitMs);
    this.#lanes = new Lanes({
      maxRows: topology.chunkRows,
      attentionTokens,
      breath: new Breath(),
      transmit: this.#transmit.bind(this),
    });
    this.#parts = new PartLinks(bindings, topology, owner, replicas, this);
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
    return this.#steps.unanswered;
  }

  /** Has the parts of `route` ready and linked, and begins a session on it; InferenceError says what could not be. */
  async open(route: Route, share: Share): Promise<Passage> {
    await this.prepare(route);
    return this.adopt(route, this.#nextSession++, share);
  }

  /** Has the parts of `route` ready and linked. */
  async prepare(route: Route): Promise<void> {
    await this.#parts.prepare(route);
    this.#lanes.of(route).frames = this.#parts.framesOf(route);
  }

  /** Ends a replica that no session passes any more, and the objects it is split over. */
  dismiss(replica: StagePlace): void {
    this.#parts.dismiss(replica);
  }

  /**
   * Has the stages of `route` begin a session with the first `tokens` tokens of session `from`, behind the rows sent until
   * now; its number, or null when the route is not open.
   */
  fork(route: Route, from: number, tokens: number): number | null {
    const first = this.#parts.first(route);
    if (first === null) return null;
    const session = this.#nextSession++;
    first.tell(this.#encode(0, route, { kind: "fork", from, session, tokens }));
    return session;
  }

  /** The passage of a session that was forked on `route`. */
  adopt(route: Route, session: number, share: Share): Passage {
    const lane = this.#lanes.of(route);
    const passage = new Passage(session, route, (rows) => lane.offer({ session, share, ...rows }));
    this.#passages.add(passage);
    return passage;
  }

  /** Ends a session: its KV cache is freed behind the last of its rows. */
  close(passage: Passage, reason: unknown): void {
    if (!this.#passages.delete(passage)) return;
    this.#lanes.of(passage.route).withdraw(passage.number);
    passage.fail(reason);
    this.end(passage.route, passage.number);
  }

  /** Has the stages of `route` free a session's KV cache, behind the rows sent until now. */
  end(route: Route, session: number): void {
    // A lost link has ended the session already.
    this.#parts.first(route)?.tell(this.#encode(0, route, { kind: "close", sessions: [session] }));
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
  async report(place: FaultPlace): Promise<PartStatus> {
    return await this.#parts.report(place);
  }

  /** Closes every link; the next session opens them again. Only when there are no sessions. */
  rest(): void {
    this.#parts.rest();
    this.#lanes.clear();
  }

  message(bytes: ArrayBuffer, link: Link): void {
    const place = this.#parts.placeOf(link);
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
    else if (place.group === "vocabulary") this.#steps.receive(place.replica, frame);
  }

  lost(link: Link): void {
    const place = this.#parts.placeOf(link);
    if (place !== null) this.#lose(place, new InferenceError("stage_lost", `${placeName(place)} closed its link`));
  }

  /** Sends one frame and sees its step through. */
  async #transmit(route: Route, offers: readonly Offer[]): Promise<void> {
    const sessions = offers.map(({ session }) => session);
    const rows = offers.reduce((sum, offer) => sum + offer.rows, 0);
    const shards = offers.some(({ selections }) => selections.length > 0) ? this.#shards : [0];
    const startMs = Date.now();
    try {
      const answers = this.#steps.run({ route, sessions, rows, shards }, (step) =>
        this.#send({ group: 0, replica: route[0]! }, step, route, rowsBody(offers)),
      );
      this.#passages.sent(offers);
      this.#passages.answered(offers, await answers);
      this.#replicas.timed(route, Date.now() - startMs);
    } catch (error) {
      if (error instanceof InferenceError && error.code === "timed_out") this.#loseRoute(route, error);
      for (const session of sessions) this.#fail(session, error);
    }
  }

  /** Asks vocabulary shards directly. */
  #ask(shards: readonly number[], body: FrameBody, rows: number): Promise<Frame[]> {
    return this.#steps.ask(shards, rows, (step) => {
      for (const shard of shards) this.#send(shardPlace(shard), step, [], body);
    });
  }

  /** Something went wrong further along: in one session, or with a part that all sessions passing it have lost. */
  #fault({ step, code, message, place, sessions }: FrameOf<"error">): void {
    // What is lost is named in the message; everything else happened at `place`.
    const error = toInferenceError({
      code,
      message: code === "stage_lost" ? message : `${placeName(place)}: ${message}`,
    });
    if (code === "stage_lost") this.#lose(place, error);
    this.#steps.reject(step, error);
    for (const session of sessions) this.#fail(session, error);
  }

  /** A part is gone: with it went the KV cache of every session that passes it. */
  #lose(place: FaultPlace, error: InferenceError): void {
    this.#parts.suspect(place);
    this.#steps.lose(place, error);
    for (const passage of this.#passages.where(({ route }) => passes(route, place))) this.close(passage, error);
  }

  /** A time limit does not say who is late: the whole route is opened anew. */
  #loseRoute(route: Route, cause: InferenceError): void {
    for (const [group, replica] of route.entries()) this.#parts.suspect({ group, replica });
    this.#lose({ group: 0, replica: route[0]! }, new InferenceError("stage_lost", cause.message, { cause }));
  }

  #fail(session: number, error: unknown): void {
    const passage = this.#passages.get(session);
    if (passage !== undefined) this.close(passage, error);
    this.#steps.fail(session, error);
  }

  #send(place: FaultPlace, step: number, route: Route, body: FrameBody): void {
    this.#parts.to(place).send(this.#encode(step, route, body));
  }

  #encode(step: number, route: Route, body: FrameBody): Uint8Array<ArrayBuffer> {
    const { pipelineHash, incarnation } = this.#owner;
    return encodeFrame({ step, pipelineHash, incarnation, route, ...body });
  }

  get #shards(): number[] {
    return this.#topology.shards.map((_, index) => index);
  }
}
