import { expect, test } from "vitest";
import { interleave, median } from "./interleave.ts";
import type { Peer } from "./peer.ts";

/** Answers with how many measurements all peers have seen. */
function countingPeers(names: readonly string[]): Map<string, Peer> {
  let count = 0;
  const peer: Peer = {
    prepare: async () => ({ version: "", detail: "" }),
    prefill: async () => ++count,
    decode: async () => ++count,
    close: async () => {},
  };
  return new Map(names.map((name) => [name, { ...peer }]));
}

test("peers take turns within a measurement, and only those it names", async () => {
  const plan = [
    { measurement: { kind: "prefill", tokens: 128 }, peers: ["a", "b"] },
    { measurement: { kind: "decode", tokens: 16, context: 4096 }, peers: ["a"] },
  ] as const;
  const seen: string[] = [];
  const samples = await interleave(countingPeers(["a", "b"]), plan, 2, (name, { kind }) =>
    seen.push(`${kind} ${name}`),
  );
  expect(seen).toEqual(["prefill a", "prefill b", "prefill a", "prefill b", "decode a", "decode a"]);
  expect(samples.get("a")!.map(({ ms }) => ms)).toEqual([
    [1, 3],
    [5, 6],
  ]);
  expect(samples.get("b")!.map(({ ms }) => ms)).toEqual([[2, 4]]);
});

test("the median of an even number of values lies between the middle two", () => {
  expect(median([9, 1, 4])).toBe(4);
  expect(median([9, 1, 4, 2])).toBe(3);
});
