import { describe, expect, it } from "vitest";
import type { LogitEdits, SamplingParameters } from "../../../runtime/sampling/selection.ts";
import { CUTS, drawDirectly, ROWS } from "./direct-draw.ts";
import { drawFrom, neutral, randomLogits, sequence } from "./shards.ts";

const NO_EDITS: LogitEdits = {
  repetitionPenalty: 1,
  repeated: new Uint32Array(0),
  shifted: new Uint32Array(0),
  shifts: new Float32Array(0),
  banned: new Uint32Array(0),
  allowed: null,
};

/** The definition: every id's own logit, changed step by step, in numbers of 32 bits. */
function editDirectly(logits: Float32Array, edits: LogitEdits): Float32Array {
  return logits.map((logit, id) => {
    if (edits.banned.includes(id)) return Number.NEGATIVE_INFINITY;
    if (edits.allowed && ((edits.allowed[Math.floor(id / 32)] ?? 0) & (1 << (id % 32))) === 0)
      return Number.NEGATIVE_INFINITY;
    let edited = logit;
    if (edits.repeated.includes(id))
      edited = Math.fround(edited > 0 ? edited / edits.repetitionPenalty : edited * edits.repetitionPenalty);
    const place = edits.shifted.indexOf(id);
    return place < 0 ? edited : Math.fround(edited + edits.shifts[place]!);
  });
}

/** Different ids from the whole vocabulary. */
function someIds(next: () => number, count: number): Uint32Array {
  const ids = new Set<number>();
  while (ids.size < count) ids.add(Math.floor(next() * ROWS));
  return Uint32Array.from(ids);
}

/** Mask with each bit set with probability `share`; bits and words behind the vocabulary are missing. */
function someMask(next: () => number, share: number): Uint32Array {
  const mask = new Uint32Array(Math.ceil(ROWS / 32));
  for (let id = 0; id < ROWS; id++) if (next() < share) mask[id >>> 5]! |= 1 << (id & 31);
  return mask;
}

const kinds: [name: string, edits: (next: () => number) => Partial<LogitEdits>][] = [
  ["a repetition penalty", (next) => ({ repetitionPenalty: 1.3, repeated: someIds(next, 500) })],
  ["a repetition reward", (next) => ({ repetitionPenalty: 0.7, repeated: someIds(next, 500) })],
  [
    "shifts",
    (next) => ({ shifted: someIds(next, 200), shifts: Float32Array.from({ length: 200 }, () => (next() - 0.5) * 40) }),
  ],
  ["bans", (next) => ({ banned: someIds(next, 3000) })],
  ["a mask of few", (next) => ({ allowed: someMask(next, 0.002) })],
  ["a mask of most", (next) => ({ allowed: someMask(next, 0.9) })],
  ["a mask shorter than the vocabulary", (next) => ({ allowed: someMask(next, 0.5).slice(0, 70) })],
  [
    "everything at once",
    (next) => ({
      repetitionPenalty: 1.15,
      repeated: someIds(next, 300),
      shifted: someIds(next, 100),
      shifts: Float32Array.from({ length: 100 }, () => (next() - 0.5) * 10),
      banned: someIds(next, 100),
      allowed: someMask(next, 0.6),
    }),
  ],
];

const settings: Partial<SamplingParameters>[] = [
  { temperature: 0 },
  {},
  { temperature: 1.6 },
  { topK: 30 },
  { topP: 0.95, temperature: 1.2 },
  { minP: 0.02 },
  { topK: 100, topP: 0.9, minP: 0.01, temperature: 0.8 },
];

/** Draws with every cut and compares with one machine's draw from logits edited beforehand. */
function expectTheSame(logits: Float32Array, edits: LogitEdits, change: Partial<SamplingParameters>, position: number) {
  const parameters = { ...neutral, ...change, seed: BigInt(position) * 77n };
  const expected = drawDirectly(editDirectly(logits, edits), parameters, position);
  for (const cut of CUTS)
    expect(drawFrom(logits, cut, parameters, position, { edits }).id, `${cut.length} shards`).toBe(expected);
  return expected;
}

describe.each(kinds)("%s", (_, editsOf) => {
  it("changes the draw as on one machine with all logits, however the vocabulary is cut", () => {
    const next = sequence(12);
    for (const [position, change] of settings.entries()) {
      const logits = randomLogits(ROWS, 3 + next() * 6, position);
      expectTheSame(logits, { ...NO_EDITS, ...editsOf(next) }, change, position);
    }
  });
});

describe("a banned token that leads by 15 nats", () => {
  const logits = randomLogits(ROWS, 6, 31);
  const leader = 4100;
  logits[leader] = Math.max(...logits) + 15;
  const edits = { ...NO_EDITS, banned: Uint32Array.of(leader) };

  it.each(settings)("leaves the others as they would be without it (%o)", (change) => {
    for (let position = 0; position < 2; position++) {
      expect(expectTheSame(logits, edits, change, position)).not.toBe(leader);
      expectTheSame(
        logits,
        { ...NO_EDITS, shifted: Uint32Array.of(leader), shifts: Float32Array.of(-100) },
        change,
        position,
      );
    }
  });
});

describe("a mask that leaves one token", () => {
  it.each(settings)("draws that one, in whichever shard (%o)", (change) => {
    const logits = randomLogits(ROWS, 3, 8);
    for (const id of [0, 1023, 1024, 4096, ROWS - 1]) {
      const allowed = new Uint32Array(Math.ceil(ROWS / 32));
      allowed[id >>> 5] = 1 << (id & 31);
      expect(expectTheSame(logits, { ...NO_EDITS, allowed }, change, 3)).toBe(id);
    }
  });
});

describe("when everything is banned", () => {
  it.each(settings)("nothing is drawn and the error says so (%o)", (change) => {
    const edits = { ...NO_EDITS, allowed: new Uint32Array(0) };
    for (const cut of CUTS)
      expect(() => drawFrom(randomLogits(ROWS, 3, 8), cut, { ...neutral, ...change }, 0, { edits })).toThrow(
        expect.objectContaining({ code: "unsupported" }),
      );
  });
});

it("leaves the caller's logits alone", () => {
  const logits = randomLogits(ROWS, 3, 9);
  const before = logits.slice();
  drawFrom(logits, [0, 2048], neutral, 0, { edits: { ...NO_EDITS, banned: Uint32Array.of(1, 2, 3000) } });
  expect(logits).toEqual(before);
});
