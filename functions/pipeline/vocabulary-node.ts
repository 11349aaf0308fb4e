import type { VocabularyShard } from "../../runtime/engine.ts";
import { InferenceError } from "../../runtime/errors.ts";
import { logLine } from "../log-line.ts";
import { checkHead, type ShardAssignment } from "./assignment.ts";
import { errorFrame } from "./error-frame.ts";
import { type Frame, type FrameOf, frameHead } from "./frame.ts";
import { decodeFrame, encodeFrame } from "./frame-codec.ts";
import { Inbox } from "./inbox.ts";
import type { Caller, Link, LinkEvents } from "./link.ts";

type Question = FrameOf<"select"> | FrameOf<"embed"> | FrameOf<"reselect">;

/** A vocabulary shard's place in the ring: answers the last stages' rows and the conductor, on the conductor's socket. */
export class VocabularyNode implements LinkEvents {
  readonly #inbox = new Inbox();
  readonly #inbound = new Set<Link>();
  /** The last wanted row of each session, for `reselect`; and the link it came by. */
  readonly #lastRows = new Map<number, { readonly hidden: Float32Array; readonly link: Link }>();
  #conductor: Link | null = null;
  #assignment: ShardAssignment | null = null;
  #shard: VocabularyShard | null = null;

  get sessions(): number {
    return this.#lastRows.size;
  }

  get links(): number {
    return this.#inbound.size;
  }

  async join(assignment: ShardAssignment, shard: VocabularyShard): Promise<void> {
    await this.#inbox.run(() => {
      if (this.#assignment?.incarnation !== assignment.incarnation) this.#leave(assignment.incarnation);
      this.#shard = shard;
      this.#assignment = assignment;
    });
  }

  accepted(link: Link, { role }: Caller): void {
    this.#inbound.add(link);
    if (role === "conductor") this.#conductor = link;
  }

  message(bytes: ArrayBuffer, link: Link): void {
    this.#inbox.push(() => this.#receive(bytes, link));
  }

  lost(link: Link): void {
    this.#inbound.delete(link);
    if (this.#conductor === link) this.#conductor = null;
    this.#inbox.push(async () => {
      for (const [session, row] of this.#lastRows) if (row.link === link) this.#lastRows.delete(session);
    });
  }

  async #receive(bytes: ArrayBuffer, link: Link): Promise<void> {
    if (!link.open) return;
    let frame: Frame;
    try {
      frame = decodeFrame(bytes);
    } catch (error) {
      logLine("error", "link_cut_off", { by: "a vocabulary shard", peer: link.peer }, error);
      link.close();
      return this.lost(link);
    }
    if (frame.kind === "close") for (const session of frame.sessions) this.#lastRows.delete(session);
    if (frame.kind !== "select" && frame.kind !== "embed" && frame.kind !== "reselect") return;
    // Whoever asked has gone and took its sessions along.
    if (this.#conductor?.incarnation !== frame.incarnation) return;
    const answer = await this.#answer(frame, link);
    if (this.#conductor?.incarnation === frame.incarnation) this.#conductor.tell(encodeFrame(answer));
  }

  async #answer(frame: Question, link: Link): Promise<Frame> {
    try {
      if (this.#assignment === null || this.#shard === null) {
        throw new InferenceError("stage_lost", "this vocabulary shard has not joined a pipeline since it started");
      }
      checkHead(frame, this.#assignment);
      if (frame.kind === "embed") return await this.#embed(frame, this.#shard);
      if (frame.kind === "reselect") return await this.#reselect(frame, this.#shard);
      return await this.#select(frame, this.#shard, link);
    } catch (error) {
      const place = { group: "vocabulary", replica: this.#assignment?.index ?? 0 } as const;
      return errorFrame(frame, place, sessionsOf(frame), error);
    }
  }

  async #embed(frame: FrameOf<"embed">, shard: VocabularyShard): Promise<Frame> {
    const end = shard.firstRow + shard.rows;
    const stray = frame.ids.find((id) => id < shard.firstRow || id >= end);
    if (stray !== undefined) {
      throw new InferenceError("internal", `id ${stray} was asked of the rows ${shard.firstRow} … ${end - 1}`);
    }
    return { ...frameHead(frame), kind: "embedded", ids: frame.ids, hidden: await shard.embed(frame.ids) };
  }

  async #select(frame: FrameOf<"select">, shard: VocabularyShard, link: Link): Promise<Frame> {
    const { wanted, hidden } = frame;
    const selections = wanted.map(({ selection }) => selection);
    const found = wanted.length === 0 ? [] : await shard.select(hidden, selections);
    const columns = hidden.length / wanted.length;
    for (const [row, { session }] of wanted.entries()) {
      this.#lastRows.set(session, { hidden: hidden.slice(row * columns, (row + 1) * columns), link });
    }
    const answers = wanted.map(({ session, position }, row) => ({ session, position, selection: found[row]! }));
    return { ...frameHead(frame), kind: "answers", answers };
  }

  async #reselect(frame: FrameOf<"reselect">, shard: VocabularyShard): Promise<Frame> {
    const { session, selection } = frame;
    const row = this.#lastRows.get(session);
    if (row === undefined) throw new InferenceError("position_gap", `session ${session} has no last row here`);
    const [found] = await shard.select(row.hidden, [selection]);
    return { ...frameHead(frame), kind: "answers", answers: [{ session, position: 0, selection: found! }] };
  }

  #leave(incarnation: string): void {
    this.#lastRows.clear();
    for (const link of this.#inbound) {
      if (link.incarnation === incarnation) continue;
      link.close();
      this.#inbound.delete(link);
      if (this.#conductor === link) this.#conductor = null;
    }
  }
}

function sessionsOf(frame: Question): readonly number[] {
  if (frame.kind === "select") return frame.wanted.map(({ session }) => session);
  return frame.kind === "reselect" ? [frame.session] : [];
}
