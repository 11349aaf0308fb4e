import type { Frame, FrameHead } from "../../../functions/pipeline/frame.ts";

export const HEAD: FrameHead = {
  step: 4_000_000_000,
  pipelineHash: "0123456789abcdef".repeat(4),
  incarnation: "fedcba98".repeat(4),
  route: [0, 1, 0, 15, 255],
};

const best = { kind: "best", count: 64, inverseTemperature: 1 / 0.7, mass: true } as const;
const gumbel = { kind: "gumbel", inverseTemperature: 1, seed: 2n ** 64n - 1n, position: 8191 } as const;
const edits = {
  repetitionPenalty: 1.2,
  repeated: Uint32Array.of(2, 106, 255_999),
  shifted: Uint32Array.of(5, 9),
  shifts: Float32Array.of(-100, 0.5),
  banned: Uint32Array.of(1, 107),
  allowed: null,
};
const fewAllowed = new Uint32Array(64);
fewAllowed.set([0x8000_0001, 1 << 7], 62);
const edited = { ...best, edits, raw: { best: 5, named: Uint32Array.of(2, 77) } };
const masked = { ...gumbel, edits: { ...edits, allowed: fewAllowed } };
const mostAllowed = { ...best, edits: { ...edits, allowed: fewAllowed.map((word) => ~word) } };
const halfAllowed = { ...best, edits: { ...edits, allowed: fewAllowed.map((_, index) => 0x1234_5678 * index) } };
const nothing = {
  ids: new Uint32Array(0),
  logits: new Float32Array(0),
  complete: true,
  tiles: new Float32Array(0),
} as const;
const two = {
  ids: Uint32Array.of(7, 255_999),
  logits: Float32Array.of(3.5, -Infinity),
  complete: false,
  tiles: Float32Array.of(3.5, 1.25),
} as const;
const told = {
  ...two,
  raw: {
    logits: Float32Array.of(4, -2),
    bestIds: Uint32Array.of(7, 8, 9),
    bestLogits: Float32Array.of(4, 3.75, 3.75),
    namedIds: Uint32Array.of(12),
    namedLogits: Float32Array.of(-17),
    tiles: Float32Array.of(4, 1.5, -1, 3),
  },
};

/** A frame of every kind, with every optional thing in and out. */
export const FRAMES: readonly Frame[] = [
  {
    ...HEAD,
    kind: "rows",
    groups: [
      { session: 1, position: 0, rows: 2, truncateTo: 0, firstWanted: 0, selections: [] },
      { session: 9, position: 130, rows: 1, truncateTo: 130, firstWanted: 0, selections: [best] },
      { session: 10, position: 5, rows: 3, truncateTo: 4, firstWanted: 1, selections: [best, gumbel] },
      { session: 11, position: 0, rows: 4, truncateTo: 0, firstWanted: 0, selections: [edited, masked, edited] },
    ],
    hidden: Float32Array.from({ length: 40 }, (_, index) => Math.fround(index / 3)),
  },
  { ...HEAD, kind: "select", wanted: [], hidden: new Float32Array(0) },
  {
    ...HEAD,
    route: [],
    kind: "select",
    wanted: [
      { session: 3, position: 77, selection: gumbel },
      { session: 4, position: 78, selection: mostAllowed },
      { session: 5, position: 79, selection: halfAllowed },
      { session: 5, position: 80, selection: edited },
    ],
    hidden: Float32Array.of(1, 2, 3, 4),
  },
  { ...HEAD, kind: "embed", ids: Uint32Array.of(2, 3, 5) },
  { ...HEAD, kind: "embedded", ids: Uint32Array.of(2, 3), hidden: Float32Array.of(1, 2, 3, 4, 5, 6) },
  {
    ...HEAD,
    kind: "answers",
    answers: [
      { session: 1, position: 4, selection: two },
      { session: 2, position: 0, selection: nothing },
      { session: 2, position: 1, selection: told },
    ],
  },
  { ...HEAD, kind: "reselect", session: 12, selection: best },
  { ...HEAD, kind: "fork", from: 3, session: 4_000_000_000, tokens: 1024 },
  {
    ...HEAD,
    route: [],
    kind: "multiply",
    block: 27,
    groups: [
      { slot: 3, position: 8191, rows: 1 },
      { slot: 511, position: 0, rows: 2 },
    ],
    hidden: Float32Array.from({ length: 24 }, (_, index) => Math.fround(index / 7)),
  },
  { ...HEAD, route: [], kind: "share", rows: 3, hidden: Float32Array.from({ length: 24 }, (_, index) => -index) },
  { ...HEAD, route: [], kind: "truncate", session: 511, tokens: 31 },
  { ...HEAD, kind: "close", sessions: [0, 4_294_967_295] },
  {
    ...HEAD,
    kind: "error",
    code: "position_gap",
    message: "session 4: größer als erwartet",
    place: { group: "vocabulary", replica: 1 },
    sessions: [4],
  },
];
