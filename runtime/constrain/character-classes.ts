import { type CodePoints, codePoints, complement, without } from "./code-points.ts";

const DIGITS: CodePoints = [[0x30, 0x39]];
const WORD: CodePoints = codePoints([
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
]);
/** ECMA-262, WhiteSpace and LineTerminator. */
const SPACES: CodePoints = codePoints([
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
]);
const CONTROL: CodePoints = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
];
/** All other characters: `.` and what is negated never mean control characters here. */
export const others = (ranges: CodePoints) => without(complement(ranges), CONTROL);
/** By the letter after the backslash. */
export const CLASSES: Readonly<Record<string, CodePoints>> = {
  d: DIGITS,
  w: WORD,
  s: SPACES,
  D: others(DIGITS),
  W: others(WORD),
  S: others(SPACES),
};
export const CONTROL_ESCAPES: Readonly<Record<string, number>> = { n: 0x0a, r: 0x0d, t: 0x09, f: 0x0c, v: 0x0b, 0: 0 };
