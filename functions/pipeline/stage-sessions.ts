import type { LayerStage } from "../../runtime/engine.ts";
import { InferenceError } from "../../runtime/errors.ts";
import { logLine } from "../log-line.ts";
import type { FrameOf, RowsGroup } from "./frame.ts";
import type { Link } from "./link.ts";
import { joinRows } from "./rows.ts";

/** A session inside one stage. */
export interface StageSession {
  readonly slot: number;
  /** The link its rows come by; the session ends with it. */
  readonly link: Link;
  /** Where its rows go on to. */
  readonly route: readonly number[];
}

export interface GroupFault {
  readonly session: number;
  readonly error: unknown;
}

/** What a stage made of a frame: the groups that went through with their rows, and the others' errors. */
export interface StageResult {
  readonly groups: readonly RowsGroup[];
  /** [rows of `groups`, hiddenSize]; valid until the stage's next call. */
  readonly hidden: Float32Array;
  readonly faults: readonly GroupFault[];
}

/** The sessions of one stage, by the conductor's numbers. */
export class StageSessions {
  readonly #stage: LayerStage;
  readonly #hiddenSize: number;
  readonly #sessions = new Map<number, StageSession>();

  constructor(stage: LayerStage, hiddenSize: number) {
    this.#stage = stage;
    this.#hiddenSize = hiddenSize;
  }

  get size(): number {
    return this.#sessions.size;
  }

  get(session: number): StageSession | undefined {
    return this.#sessions.get(session);
  }

  /** The numbers of the sessions for which `holds`. */
  where(holds: (session: StageSession) => boolean): number[] {
    return [...this.#sessions].filter(([, session]) => holds(session)).map(([number]) => number);
  }

  close(number: number): void {
    const session = this.#sessions.get(number);
    if (session === undefined) return;
    this.#sessions.delete(number);
    this.#stage.closeSession(session.slot);
  }

  /**
   * Opens session `number` with the first `tokens` tokens of `from`, which came by the same link. Where they are not here
   * nothing is opened, and the rows that follow will say so.
   */
  fork(from: number, number: number, tokens: number, link: Link): void {
    const source = this.#sessions.get(from);
    if (source?.link !== link || this.#sessions.has(number)) return;
    try {
      this.#sessions.set(number, { ...source, slot: this.#stage.forkSession(source.slot, tokens) });
    } catch (error) {
      logLine("warn", "session_not_forked", { session: number, from, tokens }, error);
    }
  }

  /** Runs every group that can run: one session's fault does not stop the others. */
  async run(frame: FrameOf<"rows">, link: Link): Promise<StageResult> {
    const pieces = this.#split(frame);
    const faults: GroupFault[] = [];
    const ready = pieces.filter(({ group }) => {
      try {
        this.#prepare(group, link, frame.route);
        return true;
      } catch (error) {
        faults.push({ session: group.session, error });
        return false;
      }
    });
    if (faults.length === 0 && ready.length > 0) {
      try {
        return { groups: frame.groups, hidden: await this.#forward(frame.groups, frame.hidden), faults };
      } catch (error) {
        if (ready.length === 1 || !leavesSessions(error)) {
          return { groups: [], hidden: EMPTY, faults: ready.map(({ group }) => ({ session: group.session, error })) };
        }
      }
    }
    return await this.#runOneByOne(ready, faults);
  }

  async #runOneByOne(pieces: readonly Piece[], faults: GroupFault[]): Promise<StageResult> {
    const groups: RowsGroup[] = [];
    const rows: Float32Array[] = [];
    for (const { group, hidden } of pieces) {
      try {
        rows.push((await this.#forward([group], hidden)).slice());
        groups.push(group);
      } catch (error) {
        faults.push({ session: group.session, error });
      }
    }
    return { groups, hidden: joinRows(rows), faults };
  }

  async #forward(groups: readonly RowsGroup[], hidden: Float32Array): Promise<Float32Array> {
    const batch = groups.map(({ session, position, rows }) => ({
      slot: this.#sessions.get(session)!.slot,
      position,
      rows,
    }));
    return await this.#stage.forward(batch, hidden);
  }

  /** Opens the session with its first rows; forgets what the frame says is no longer true. */
  #prepare({ session, position, truncateTo }: RowsGroup, link: Link, route: readonly number[]): void {
    const known = this.#sessions.get(session);
    if (known !== undefined) {
      this.#stage.truncate(known.slot, truncateTo);
      return;
    }
    if (position !== 0) {
      throw new InferenceError("position_gap", `session ${session} is not known here, its rows begin at ${position}`);
    }
    this.#sessions.set(session, { slot: this.#stage.openSession(), link, route });
  }

  #split({ groups, hidden }: FrameOf<"rows">): Piece[] {
    let row = 0;
    const pieces = groups.map((group) => {
      const first = row * this.#hiddenSize;
      row += group.rows;
      return { group, hidden: hidden.subarray(first, row * this.#hiddenSize) };
    });
    if (hidden.length !== row * this.#hiddenSize) {
      throw new InferenceError(
        "wrong_pipeline",
        `${row} rows came with ${hidden.length} values, ${row * this.#hiddenSize} expected`,
      );
    }
    return pieces;
  }
}

interface Piece {
  readonly group: RowsGroup;
  readonly hidden: Float32Array;
}

const EMPTY = new Float32Array(0);

/** Errors after which an engine's sessions are as they were before the call (runtime/engine.ts). */
function leavesSessions(error: unknown): boolean {
  return error instanceof InferenceError && (error.code === "position_gap" || error.code === "out_of_capacity");
}
