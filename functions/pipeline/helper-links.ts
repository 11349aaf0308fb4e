import type { RowGroup } from "../../runtime/engine.ts";
import { InferenceError } from "../../runtime/errors.ts";
import type { StageHelpers } from "../../runtime/stage-helper.ts";
import type { StageAssignment, Successor } from "./assignment.ts";
import { type FrameBody, placeName } from "./frame.ts";
import { decodeFrame, encodeFrame } from "./frame-codec.ts";
import type { Link } from "./link.ts";
import { OutboundLinks } from "./outbound-links.ts";
import { stepLimitMs, withTimeLimit } from "./time-limit.ts";

/** A block that helpers are computing. */
interface Exchange {
  readonly step: number;
  readonly shares: Map<number, Float32Array>;
  readonly resolve: (shares: readonly Float32Array[]) => void;
  readonly reject: (error: InferenceError) => void;
}

/**
 * A stage's links to the other objects its layers are split over. When one of them is lost, or fails, so is the stage:
 * its sessions are replayed from the conductor's ids.
 */
export class HelperLinks implements StageHelpers {
  readonly #links: OutboundLinks;
  readonly #onLost: (error: InferenceError) => void;
  #assignment: StageAssignment | null = null;
  #step = 0;
  #exchange: Exchange | null = null;

  /** `onLost` hears when a helper is gone, and with it what the stage's sessions had there. */
  constructor(connect: (successor: Successor) => Fetcher, onLost: (error: InferenceError) => void) {
    this.#links = new OutboundLinks(connect, { message: this.#answered.bind(this), lost: this.#lost.bind(this) });
    this.#onLost = onLost;
  }

  /** How many are open. */
  get open(): number {
    return this.#links.open;
  }

  async dial(assignment: StageAssignment): Promise<void> {
    this.#assignment = assignment;
    const { helpers, incarnation, hopMs, depth } = assignment;
    await this.#links.dial(helpers, { role: "leader", incarnation, hopMs, depth: depth + 1 });
  }

  closeAll(): void {
    this.#links.closeAll();
  }

  async multiply(block: number, groups: readonly RowGroup[], rows: Float32Array): Promise<readonly Float32Array[]> {
    const count = groups.reduce((sum, group) => sum + group.rows, 0);
    const limitMs = stepLimitMs(count, this.#assignment!.rowLimitMs);
    try {
      return await withTimeLimit(this.#ask({ kind: "multiply", block, groups, hidden: rows }), limitMs, "a helper");
    } catch (cause) {
      // What the helpers hold is not what the stage holds any more.
      this.#links.closeAll();
      const error = new InferenceError("stage_lost", cause instanceof Error ? cause.message : String(cause), { cause });
      this.#onLost(error);
      throw error;
    } finally {
      this.#exchange = null;
    }
  }

  async #ask(body: FrameBody): Promise<readonly Float32Array[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly Float32Array[]>();
    this.#step++;
    this.#exchange = { step: this.#step, shares: new Map(), resolve, reject };
    const bytes = this.#encode(body);
    for (const { place } of this.#helpers) this.#links.to(place).send(bytes);
    return await promise;
  }

  fork(source: number, tokens: number, slot: number): void {
    this.#tell({ kind: "fork", from: source, session: slot, tokens });
  }

  truncate(slot: number, tokens: number): void {
    this.#tell({ kind: "truncate", session: slot, tokens });
  }

  close(slot: number): void {
    this.#tell({ kind: "close", sessions: [slot] });
  }

  get #helpers(): readonly Successor[] {
    return this.#assignment?.helpers ?? [];
  }

  /** Where a link is gone, so are the sessions. */
  #tell(body: FrameBody): void {
    const bytes = this.#encode(body);
    for (const { place } of this.#helpers) if (this.#links.isOpen(place)) this.#links.to(place).tell(bytes);
  }

  #encode(body: FrameBody): Uint8Array<ArrayBuffer> {
    const { pipelineHash, incarnation } = this.#assignment!;
    return encodeFrame({ step: this.#step, pipelineHash, incarnation, route: [], ...body });
  }

  #answered(bytes: ArrayBuffer, link: Link): void {
    const place = this.#links.placeOf(link);
    const frame = decodeFrame(bytes);
    const exchange = this.#exchange;
    // The answer to a call that was given up.
    if (place?.part === undefined || exchange === null || exchange.step !== frame.step) return;
    if (frame.kind === "error")
      exchange.reject(new InferenceError("stage_lost", `${placeName(place)} failed: ${frame.message}`));
    if (frame.kind !== "share") return;
    exchange.shares.set(place.part, frame.hidden);
    if (exchange.shares.size < this.#helpers.length) return;
    exchange.resolve(this.#helpers.map((helper) => exchange.shares.get(helper.place.part!)!));
  }

  #lost(link: Link): void {
    const place = this.#links.placeOf(link);
    if (place === null) return;
    const error = new InferenceError("stage_lost", `${placeName(place)} closed its link`);
    if (this.#exchange === null) this.#onLost(error);
    else this.#exchange.reject(error);
  }
}
