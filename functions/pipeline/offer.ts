import type { Selection } from "../../runtime/sampling/selection.ts";
import type { FrameBody } from "./frame.ts";
import { joinRows } from "./rows.ts";

/** Whose rows they are, and how many turns the tenant gets for each of a tenant of weight 1. */
export interface Share {
  readonly tenant: string;
  readonly weight: number;
}

/** Rows of one session that wait for a place in a frame; a session has one offer at a time. */
export interface Offer {
  readonly session: number;
  readonly share: Share;
  /** Of the first row. */
  readonly position: number;
  readonly rows: number;
  /** [rows, hiddenSize] */
  readonly hidden: Float32Array;
  /** For the last rows, one each; none when no logits are wanted. */
  readonly selections: readonly Selection[];
}

/** A single row keeps somebody waiting for a token; more rows are (a piece of) a prompt. */
export const isDecode = ({ rows }: Offer): boolean => rows === 1;

/** The first `rows` rows, and the others, each with the selections that belong to them. */
export function cutOffer(offer: Offer, rows: number): [Offer, Offer] {
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
