import { InferenceError } from "../../runtime/errors.ts";
import type { StageHelper } from "../../runtime/stage-helper.ts";
import { logLine } from "../log-line.ts";
import { checkHead, type HelperAssignment } from "./assignment.ts";
import { errorFrame } from "./error-frame.ts";
import { type Frame, type FrameOf, frameHead } from "./frame.ts";
import { decodeFrame, encodeFrame } from "./frame-codec.ts";
import type { Link, LinkTaker } from "./link.ts";

/** A helper's side of the link to the stage it works for. What it does it does at once, so nothing queues here. */
export class HelperNode implements LinkTaker {
  /** The stage; what it told of sessions ends with this link. */
  #leader: Link | null = null;
  #assignment: HelperAssignment | null = null;
  #helper: StageHelper | null = null;

  get sessions(): number {
    return this.#helper?.sessions ?? 0;
  }

  get links(): number {
    return this.#leader === null ? 0 : 1;
  }

  /** Takes `helper` into the ring of `assignment`; another conductor's life is over. */
  join(assignment: HelperAssignment, helper: StageHelper): void {
    if (this.#leader !== null && this.#leader.incarnation !== assignment.incarnation) this.#cutOff(this.#leader);
    this.#assignment = assignment;
    this.#helper = helper;
  }

  accepted(link: Link): void {
    if (this.#leader !== null) this.#cutOff(this.#leader);
    this.#leader = link;
  }

  message(bytes: ArrayBuffer, link: Link): void {
    if (link !== this.#leader) return;
    let frame: Frame;
    try {
      frame = decodeFrame(bytes);
    } catch (error) {
      logLine("error", "link_cut_off", { by: "a helper", peer: "its stage" }, error);
      this.#cutOff(link);
      return;
    }
    try {
      this.#take(frame, link);
    } catch (error) {
      const place = { group: 0, replica: 0 };
      link.tell(encodeFrame(errorFrame(frame, place, [], error)));
    }
  }

  lost(link: Link): void {
    if (link !== this.#leader) return;
    this.#leader = null;
    this.#helper?.clear();
  }

  #take(frame: Frame, link: Link): void {
    const [assignment, helper] = [this.#assignment, this.#helper];
    if (assignment === null || helper === null)
      throw new InferenceError("stage_lost", "it has not joined a pipeline since it started");
    checkHead(frame, assignment);
    if (frame.kind === "multiply") link.tell(encodeFrame(this.#multiply(frame, helper)));
    else if (frame.kind === "fork") helper.fork(frame.from, frame.tokens, frame.session);
    else if (frame.kind === "truncate") helper.truncate(frame.session, frame.tokens);
    else if (frame.kind === "close") for (const slot of frame.sessions) helper.close(slot);
    else throw new InferenceError("internal", `a helper takes no ${frame.kind} frames`);
  }

  #multiply(frame: FrameOf<"multiply">, helper: StageHelper): FrameOf<"share"> {
    const rows = frame.groups.reduce((sum, group) => sum + group.rows, 0);
    return {
      ...frameHead(frame),
      kind: "share",
      rows,
      hidden: helper.multiply(frame.block, frame.groups, frame.hidden),
    };
  }

  #cutOff(link: Link): void {
    link.close();
    this.lost(link);
  }
}
