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
  /** For the last rows, one each; none when no logits are wanted. */
  readonly selections: readonly Selection[];
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

/** The first `rows` rows, and the others, each with the selections that belong to them. */
function cut(offer: Offer, rows: number): [Offer, Offer] {
  const { position, hidden, selections } = offer;
  const values = (hidden.length / offer.rows) * rows;
  const rest = offer.rows - rows;
  const wanted = Math.max(0, selections.length - rest);
  return [
    { ...offer, rows, hidden: hidden.subarray(0, values), selections: selections.slice(0, wanted) },
    {
      ...offer,
      position: position + rows,
      rows: rest,
      hidden: hidden.subarray(values),
      selections: selections.slice(wanted),
    },
  ];
}

/** The frame's body: each offer is a group that forgets whatever its session had from its first position on. */
export function rowsBody(offers: readonly Offer[]): FrameBody {
  return {
    kind: "rows",
    groups: offers.map(({ session, position, rows, selections }) => ({
      session,
      position,
      rows,
      truncateTo: position,
      firstWanted: selections.length === 0 ? 0 : rows - selections.length,
      selections,
    })),
    hidden: joinRows(offers.map(({ hidden }) => hidden)),
  };
}
