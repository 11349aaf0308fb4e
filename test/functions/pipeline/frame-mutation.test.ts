import { describe, expect, test } from "vitest";
import { decodeFrame, encodeFrame } from "../../../functions/pipeline/frame-codec.ts";
import { InferenceError } from "../../../runtime/errors.ts";
import { FRAMES } from "./frame-samples.ts";

const MUTATIONS = 3000;

/** A small generator with a fixed seed: a failure can be repeated. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % sides;
  };
}

/** "valid", or the code of the InferenceError; any other error fails the test. */
function outcome(bytes: Uint8Array<ArrayBuffer>): string {
  try {
    decodeFrame(bytes.slice().buffer);
    return "valid";
  } catch (error) {
    if (error instanceof InferenceError) return error.code;
    throw error;
  }
}

describe.each(FRAMES)("a damaged frame of $kind", (frame) => {
  test("cut anywhere is malformed", () => {
    const bytes = encodeFrame(frame);
    for (let length = 0; length < bytes.length; length++) expect(outcome(bytes.slice(0, length))).toBe("internal");
  });

  test("with random bytes is a frame or a typed error", () => {
    const roll = dice(frame.kind.length);
    const outcomes = new Set<string>();
    for (let count = 0; count < MUTATIONS; count++) {
      const bytes = encodeFrame(frame).slice();
      for (let flips = 1 + roll(4); flips > 0; flips--) bytes[roll(bytes.length)] = roll(256);
      outcomes.add(outcome(bytes));
    }
    expect([...outcomes]).toEqual(expect.arrayContaining(["valid", "internal", "wrong_pipeline"]));
  });

  test("with more bytes behind it is malformed", () => {
    expect(outcome(Uint8Array.of(...encodeFrame(frame), 0, 0, 0, 0, 0))).toBe("internal");
  });
});

test("a count of millions does not allocate for entries that were not sent", () => {
  for (const frame of FRAMES) {
    const bytes = encodeFrame({ ...frame, route: [] }).slice();
    // The body's first field; the head ends with the length of the empty route.
    new DataView(bytes.buffer).setUint32(68, 4095, true);
    expect(["internal", "valid"]).toContain(outcome(bytes));
  }
});
