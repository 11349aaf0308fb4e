import type { Expression } from "./expression.ts";
import { type JsonText, MAX_INTEGER_DIGITS } from "./json-text.ts";

/** Both ends included; absent where there is none. */
export interface NumberRange {
  readonly min?: number;
  readonly max?: number;
  readonly exclusiveMin?: number;
  readonly exclusiveMax?: number;
}

const LARGEST = 10n ** BigInt(MAX_INTEGER_DIGITS) - 1n;
/** A fraction at the edge of a range has exactly so many digits as the finer bound, and at least these. */
const MIN_DIGITS = 2;
const MAX_DIGITS = 9;
const MAX_FREE_DIGITS = 15;

/** The integers of a range in decimal, without leading zeros; one that matches nothing when it holds none. */
export function integersIn(json: JsonText, range: NumberRange): Expression {
  const [low, high] = scaled(range, 0);
  return signed(json, low, high, (from, to) => naturals(json, from, to));
}

/** Numbers of a range: all its integers, and fractions, near its ends those with as many digits as the bounds have. */
export function numbersIn(json: JsonText, range: NumberRange): Expression {
  const digits = Math.max(MIN_DIGITS, ...Object.values(range).map((bound) => fractionDigits(bound)));
  const [low, high] = scaled(range, digits);
  return signed(json, low, high, (from, to) => decimals(json, from, to, digits));
}

/** Splits a range at 0; `positive` makes what lies above. */
function signed(
  { expressions }: JsonText,
  low: bigint,
  high: bigint,
  positive: (from: bigint, to: bigint) => Expression,
): Expression {
  const options: Expression[] = [];
  if (high >= 0n && low <= high) options.push(positive(low > 0n ? low : 0n, high));
  if (low < 0n && low <= high)
    options.push(expressions.sequence(expressions.literal("-"), positive(high < 0n ? -high : 1n, -low)));
  return expressions.choice(...options);
}

function naturals(json: JsonText, from: bigint, to: bigint): Expression {
  const options: Expression[] = [];
  for (let length = from.toString().length; length <= to.toString().length; length++) {
    const least = length === 1 ? 0n : 10n ** BigInt(length - 1);
    const most = 10n ** BigInt(length) - 1n;
    options.push(sameLength(json, (from > least ? from : least).toString(), (to < most ? to : most).toString()));
  }
  return json.expressions.choice(...options);
}

/** Digits between two texts of the same length. */
function sameLength(json: JsonText, low: string, high: string): Expression {
  const { sequence, choice, repeat, bytes, literal, nothing } = json.expressions;
  if (low === "") return nothing;
  if (/^0+$/.test(low) && /^9+$/.test(high)) return repeat(bytes([0x30, 0x39]), low.length, low.length);
  const [first, last] = [low[0]!, high[0]!];
  const rest = low.length - 1;
  if (first === last) return sequence(literal(first), sameLength(json, low.slice(1), high.slice(1)));
  const options = [
    sequence(literal(first), sameLength(json, low.slice(1), "9".repeat(rest))),
    sequence(literal(last), sameLength(json, "0".repeat(rest), high.slice(1))),
  ];
  const [from, to] = [first.charCodeAt(0) + 1, last.charCodeAt(0) - 1];
  if (from <= to) options.push(sequence(bytes([from, to]), sameLength(json, "0".repeat(rest), "9".repeat(rest))));
  return choice(...options);
}

/** Numbers from … to in units of 10^-digits. */
function decimals(json: JsonText, from: bigint, to: bigint, digits: number): Expression {
  const { sequence, choice, repeat, bytes, literal } = json.expressions;
  const unit = 10n ** BigInt(digits);
  const [firstWhole, lastWhole] = [(from + unit - 1n) / unit, to / unit];
  const options: Expression[] = [];
  if (firstWhole <= lastWhole) options.push(naturals(json, firstWhole, lastWhole));
  const fraction = (low: bigint, high: bigint) =>
    sequence(literal("."), sameLength(json, pad(low, digits), pad(high, digits)));
  // Between two integers of the range any fraction will do.
  if (firstWhole < lastWhole)
    options.push(
      sequence(
        naturals(json, firstWhole, lastWhole - 1n),
        literal("."),
        repeat(bytes([0x30, 0x39]), 1, MAX_FREE_DIGITS),
      ),
    );
  const [below, above] = [from / unit, to / unit];
  if (from % unit !== 0n)
    options.push(sequence(literal(`${below}`), fraction(from % unit, below === above ? to % unit : unit - 1n)));
  if (to % unit !== 0n && (below !== above || from % unit === 0n))
    options.push(sequence(literal(`${above}`), fraction(0n, to % unit)));
  return choice(...options);
}

const pad = (value: bigint, digits: number) => value.toString().padStart(digits, "0");

/** The bounds in units of 10^-digits, both included, within what is exact. */
function scaled({ min, max, exclusiveMin, exclusiveMax }: NumberRange, digits: number): [low: bigint, high: bigint] {
  const limit = LARGEST * 10n ** BigInt(digits);
  const lows = [-limit];
  const highs = [limit];
  if (min !== undefined) lows.push(units(min, digits, 1n));
  if (exclusiveMin !== undefined) lows.push(units(exclusiveMin, digits, -1n) + 1n);
  if (max !== undefined) highs.push(units(max, digits, -1n));
  if (exclusiveMax !== undefined) highs.push(units(exclusiveMax, digits, 1n) - 1n);
  return [lows.reduce((a, b) => (a > b ? a : b)), highs.reduce((a, b) => (a < b ? a : b))];
}

/** `bound` · 10^digits, rounded up (1) or down (−1). */
function units(bound: number, digits: number, direction: 1n | -1n): bigint {
  if (Math.abs(bound) >= 1e18) return BigInt(Math.sign(bound)) * 10n ** 40n;
  const text = bound.toFixed(Math.max(digits, Math.min(20, fractionDigits(bound, 20))));
  const [whole = "", fraction = ""] = text.replace("-", "").split(".");
  const cut = BigInt(whole + fraction.padEnd(digits, "0").slice(0, digits));
  const exact = /^0*$/.test(fraction.slice(digits));
  const value = text.startsWith("-") ? -cut : cut;
  if (exact) return value;
  // Cutting rounded towards 0.
  if (text.startsWith("-")) return direction < 0n ? value - 1n : value;
  return direction > 0n ? value + 1n : value;
}

/** Digits after the point, up to `most`. */
function fractionDigits(value: number, most = MAX_DIGITS): number {
  if (Number.isInteger(value)) return 0;
  const text = value.toString();
  return Math.min(most, text.includes("e") ? most : text.split(".")[1]!.length);
}
