import type { Expression, Expressions } from "./expression.ts";

/** Sorted ranges of code points that do not touch, both ends included; never surrogates. */
export type CodePoints = readonly (readonly [first: number, last: number])[];

const LAST = 0x10ffff;
const SURROGATES: CodePoints = [[0xd800, 0xdfff]];
/** First code points of UTF-8's lengths from 1 to 4 bytes, and the end. */
const LENGTHS = [0, 0x80, 0x800, 0x10000, LAST + 1];

/** Sorts, joins, and leaves out surrogates. */
export function codePoints(ranges: CodePoints): CodePoints {
  return without(joined(ranges), SURROGATES);
}

/** All code points that are not in `ranges`. */
export function complement(ranges: CodePoints): CodePoints {
  return without(without([[0, LAST]], SURROGATES), joined(ranges));
}

/** `ranges` less `others`, both sorted. */
export function without(ranges: CodePoints, others: CodePoints): CodePoints {
  const left: [number, number][] = [];
  for (const [first, last] of ranges) {
    let from = first;
    for (const [cutFirst, cutLast] of others) {
      if (cutLast < from || cutFirst > last) continue;
      if (cutFirst > from) left.push([from, cutFirst - 1]);
      from = cutLast + 1;
    }
    if (from <= last) left.push([from, last]);
  }
  return left;
}

export const intersection = (a: CodePoints, b: CodePoints): CodePoints => without(a, complement(b));

/** Exactly one of the code points in UTF-8 (RFC 3629). */
export function utf8(expressions: Expressions, ranges: CodePoints): Expression {
  const ascii: [number, number][] = [];
  const options: Expression[] = [];
  for (const [first, last] of ranges)
    for (let length = 1; length <= 4; length++) {
      const from = Math.max(first, LENGTHS[length - 1]!);
      const to = Math.min(last, LENGTHS[length]! - 1);
      if (from > to) continue;
      if (length === 1) ascii.push([from, to]);
      else options.push(...sameLength(expressions, from, to, length));
    }
  if (ascii.length > 0) options.unshift(expressions.bytes(...ascii));
  return expressions.choice(...options);
}

/** `length` bytes for the code points from … to: whole blocks of continuation bytes, and what is left at both ends. */
function sameLength(expressions: Expressions, from: number, to: number, length: number): Expression[] {
  const low = encode(from, length);
  const high = encode(to, length);
  const cut = (at: number, first: readonly number[], last: readonly number[]): Expression[] => {
    if (at === length - 1) return [expressions.bytes([first[at]!, last[at]!])];
    if (first[at] === last[at]) return prefixed(first[at]!, cut(at + 1, first, last));
    const options: Expression[] = [];
    let [start, end] = [first[at]!, last[at]!];
    const rest = Array.from({ length: length - at - 1 }, () => expressions.bytes([0x80, 0xbf]));
    if (first.slice(at + 1).some((byte) => byte !== 0x80))
      options.push(...prefixed(start++, cut(at + 1, first, Array(length).fill(0xbf))));
    const lastPart = last.slice(at + 1).some((byte) => byte !== 0xbf)
      ? prefixed(end--, cut(at + 1, Array(length).fill(0x80), last))
      : [];
    if (start <= end) options.push(expressions.sequence(expressions.bytes([start, end]), ...rest));
    return [...options, ...lastPart];
  };
  const prefixed = (byte: number, options: readonly Expression[]) =>
    options.map((option) => expressions.sequence(expressions.bytes([byte, byte]), option));
  return cut(0, low, high);
}

function encode(codePoint: number, length: number): number[] {
  const bytes: number[] = [];
  let rest = codePoint;
  for (let at = length - 1; at > 0; at--) {
    bytes.unshift(0x80 | (rest & 0x3f));
    rest >>= 6;
  }
  return [((0xf00 >> length) & 0xff) | rest, ...bytes];
}

function joined(ranges: CodePoints): CodePoints {
  const all: [number, number][] = [];
  for (const [first, last] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const previous = all.at(-1);
    if (previous && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last);
    else all.push([first, last]);
  }
  return all;
}
