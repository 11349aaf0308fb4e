import type { Selection } from "../../runtime/sampling/selection.ts";
import type { FrameBody } from "./frame.ts";
import { joinRows } from "./rows.ts";

/** Rows of one session that wait for a place in a frame. */
export interface Offer {
  readonly session: number;
  /** Of the first row. */
  readonly position: number;
  readonly rows: number;
  /** [rows, hiddenSize] */
  readonly hidden: Float32Array;
  /** For the last row; null when no logits are wanted. */
  readonly selection: Selection | null;
}

/** What the next frame holds, and what goes on waiting. */
export interface Schedule {
  readonly frame: readonly Offer[];
  readonly rest: readonly Offer[];
}

/**
 * Fills a frame of at most `maxRows` rows in order of arrival, so that decoding sessions and the chunks of long prompts
 * take turns. What does not fit is cut in two.
 */
export function nextFrame(waiting: readonly Offer[], maxRows: number): Schedule {
  const frame: Offer[] = [];
  let free = maxRows;
  for (const [index, offer] of waiting.entries()) {
    if (free === 0) return { frame, rest: waiting.slice(index) };
    if (offer.rows > free) {
      const [head, tail] = cut(offer, free);
      return { frame: [...frame, head], rest: [tail, ...waiting.slice(index + 1)] };
    }
    frame.push(offer);
    free -= offer.rows;
  }
  return { frame, rest: [] };
}

/** The first `rows` rows, and the others: the logits are wanted of the very last. */
function cut(offer: Offer, rows: number): [Offer, Offer] {
  const values = (offer.hidden.length / offer.rows) * rows;
  return [
    { ...offer, rows, hidden: offer.hidden.subarray(0, values), selection: null },
    { ...offer, position: offer.position + rows, rows: offer.rows - rows, hidden: offer.hidden.subarray(values) },
  ];
}

/** The frame's body: each offer is a group that forgets whatever its session had from its first position on. */
export function rowsBody(offers: readonly Offer[]): FrameBody {
  return {
    kind: "rows",
    groups: offers.map(({ session, position, rows, selection }) => ({
      session,
      position,
      rows,
      truncateTo: position,
      firstWanted: selection === null ? 0 : rows - 1,
      selections: selection === null ? [] : [selection],
    })),
    hidden: joinRows(offers.map(({ hidden }) => hidden)),
  };
}
