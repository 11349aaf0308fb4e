import { expect, test } from "vitest";
import { KvRoom } from "../../../functions/pipeline/kv-room.ts";
import { prefixPlaces } from "../../../functions/pipeline/prefix-places.ts";

const roomWith = (window: number | null) => new KvRoom({ kvTokens: 8192, kvWindowTokens: 8192, window, chunkRows: 32 });

test.each([
  [512, 1040, [512, 768, 896, 960]],
  [512, 1024, [512, 768, 896, 960]],
  [512, 3000, [2464, 2720, 2848, 2912]],
  [1024, 3000, [1952, 2464, 2720, 2848, 2912]],
  // What is kept at 416 is entered anywhere.
  [512, 700, [416, 544, 608]],
])("a window of %d: a prompt of %d tokens is kept at %j", (window, promptTokens, places) => {
  expect(prefixPlaces(promptTokens, 0, 0, roomWith(window))).toEqual(places);
});

test("a prompt whose end can be entered anywhere, or of a model without windows, is kept there alone", () => {
  expect(prefixPlaces(540, 0, 0, roomWith(512))).toEqual([]);
  expect(prefixPlaces(5000, 320, 0, roomWith(null))).toEqual([]);
});

test("what it takes over has places already, and where it parts from another it gets one", () => {
  expect(prefixPlaces(1040, 700, 800, roomWith(512))).toEqual([896, 960]);
  expect(prefixPlaces(1040, 999, 0, roomWith(512))).toEqual([512, 768, 896, 960, 992]);
  expect(prefixPlaces(1040, 300, 0, roomWith(512))).toEqual([288, 512, 768, 896, 960]);
});
