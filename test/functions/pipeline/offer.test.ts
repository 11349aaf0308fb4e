import { expect, test } from "vitest";
import { cutOffer, rowsBody } from "../../../functions/pipeline/offer.ts";
import { best, offer } from "./offers.ts";

test("an offer that is cut keeps its rows and positions, and its selection on the last row", () => {
  expect(cutOffer(offer(2, 20, 5), 3)).toEqual([offer(2, 20, 3, { selections: [] }), offer(2, 23, 2)]);
});

test("selections of several rows go with their rows", () => {
  const counts = [1, 2, 3];
  const [head, rest] = cutOffer(offer(1, 20, 5, { selections: counts.map((count) => ({ ...best, count })) }), 2);
  const body = rowsBody([head, ...cutOffer(rest, 2)]);
  if (body.kind !== "rows") throw new Error(`a frame of ${body.kind}`);
  const wanted = body.groups.map(({ position, firstWanted, selections }) => [
    position + firstWanted,
    ...selections.map((selection) => (selection.kind === "best" ? selection.count : 0)),
  ]);
  expect(wanted).toEqual([[20], [22, 1, 2], [24, 3]]);
  expect(body.hidden).toEqual(offer(1, 20, 5).hidden);
});
