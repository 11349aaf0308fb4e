import { InferenceError } from "../../runtime/errors.ts";
import { ByteReader, malformed } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { type Frame, type FrameHead, MAX_FRAME_BYTES, MAX_ROUTE_STAGES, PROTOCOL_VERSION } from "./frame.ts";
import { readBody, writeBody } from "./frame-body.ts";
import { bytesToHex, hexToBytes } from "./hex.ts";

const MAGIC = 0x4d41_524c; // "LRAM"
const HASH_BYTES = 32;
const INCARNATION_BYTES = 16;
/** Room for what precedes the rows in most frames; the writer grows when it is not enough. */
const HEADERS_BYTES = 4096;

const KINDS = [
  "rows",
  "select",
  "embed",
  "embedded",
  "answers",
  "reselect",
  "close",
  "error",
  "fork",
  "multiply",
  "share",
  "truncate",
] as const;

/**
 * Wire form, little endian, every field a multiple of 4 bytes: magic, version, kind, step, pipeline hash, incarnation,
 * route, the body's headers, and float32 rows last. InferenceError unsupported when it is over MAX_FRAME_BYTES.
 */
export function encodeFrame(frame: Frame): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter("hidden" in frame ? frame.hidden.byteLength + HEADERS_BYTES : HEADERS_BYTES);
  writer.u32(MAGIC);
  writer.u32(PROTOCOL_VERSION);
  writer.u32(KINDS.indexOf(frame.kind));
  writer.u32(frame.step);
  writer.bytes(hexToBytes(frame.pipelineHash));
  writer.bytes(hexToBytes(frame.incarnation));
  writer.u32(frame.route.length);
  writer.bytes(Uint8Array.from(frame.route));
  writeBody(writer, frame);
  const bytes = writer.finish();
  if (bytes.length > MAX_FRAME_BYTES) {
    throw new InferenceError(
      "unsupported",
      `a ${frame.kind} frame takes ${bytes.length} bytes, a message may have ${MAX_FRAME_BYTES}: lower LAPIDARY_CHUNK_ROWS`,
    );
  }
  return bytes;
}

/**
 * Reads a frame; its typed arrays are views of `buffer`. InferenceError wrong_pipeline for another protocol, internal
 * for bytes that make no sense.
 */
export function decodeFrame(buffer: ArrayBuffer): Frame {
  if (buffer.byteLength > MAX_FRAME_BYTES) throw malformed(`it has ${buffer.byteLength} bytes`);
  const reader = new ByteReader(buffer);
  const magic = reader.u32();
  const version = reader.u32();
  if (magic !== MAGIC || version !== PROTOCOL_VERSION) {
    throw new InferenceError(
      "wrong_pipeline",
      `a message speaks protocol ${magic.toString(16)}/${version}, this object ${MAGIC.toString(16)}/${PROTOCOL_VERSION}: deploy every script from one version`,
    );
  }
  const kind = KINDS[reader.upTo(KINDS.length - 1, "kind")]!;
  const head: FrameHead = {
    step: reader.u32(),
    pipelineHash: bytesToHex(reader.bytes(HASH_BYTES)),
    incarnation: bytesToHex(reader.bytes(INCARNATION_BYTES)),
    route: [...reader.bytes(reader.upTo(MAX_ROUTE_STAGES, "length of the route"))],
  };
  const body = readBody(reader, kind);
  reader.expectEnd();
  return { ...head, ...body };
}
