import { expect, test } from "vitest";
import { MAX_FRAME_BYTES } from "../../../functions/pipeline/frame.ts";
import { decodeFrame, encodeFrame } from "../../../functions/pipeline/frame-codec.ts";
import { FRAMES, HEAD } from "./frame-samples.ts";

test.each(FRAMES)("a frame of $kind comes back as it was", (frame) => {
  expect(decodeFrame(encodeFrame(frame).slice().buffer)).toEqual(frame);
});

test("rows are views of the message, at a multiple of 4 bytes, and keep their bits", () => {
  const hidden = new Float32Array(new Uint32Array([0x7fc0_0001, 0x8000_0000, 1, 0x7f7f_ffff]).buffer);
  const bytes = encodeFrame({ ...HEAD, kind: "embedded", ids: Uint32Array.of(1, 2), hidden }).slice();
  const frame = decodeFrame(bytes.buffer);
  if (frame.kind !== "embedded") throw new Error(`decoded as ${frame.kind}`);
  expect(frame.hidden.buffer).toBe(bytes.buffer);
  expect(frame.hidden.byteOffset % 4).toBe(0);
  const decoded = new Uint32Array(frame.hidden.buffer, frame.hidden.byteOffset, 4);
  expect([...decoded]).toEqual([...new Uint32Array(hidden.buffer)]);
});

test("a view over a larger memory sends its own elements alone", () => {
  const memory = new Float32Array(1 << 16);
  const bytes = encodeFrame({ ...HEAD, kind: "embedded", ids: Uint32Array.of(1), hidden: memory.subarray(8, 12) });
  expect(bytes.length).toBeLessThan(256);
});

test("a frame over the message limit is refused before it is sent", () => {
  const hidden = new Float32Array(MAX_FRAME_BYTES / 4);
  expect(() => encodeFrame({ ...HEAD, kind: "embedded", ids: Uint32Array.of(1), hidden })).toThrow(
    expect.objectContaining({
      name: "InferenceError",
      code: "unsupported",
      message: expect.stringContaining("LAPIDARY_CHUNK_ROWS"),
    }),
  );
});
