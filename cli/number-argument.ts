import { InvalidArgumentError } from "commander";

/** A commander parser for a number from `least` to `most`. */
export function numberArgument(least: number, most: number) {
  return (text: string): number => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (!(value >= least && value <= most)) throw new InvalidArgumentError(`Expected ${least} … ${most}.`);
    return value;
  };
}

/** The same for a whole number. */
export function integerArgument(least: number, most: number) {
  const parse = numberArgument(least, most);
  return (text: string): number => {
    const value = parse(text);
    if (!Number.isInteger(value)) throw new InvalidArgumentError("Expected a whole number.");
    return value;
  };
}

/** A commander parser for an unsigned 64-bit number, exact. */
export function seedArgument(text: string): bigint {
  if (!/^\d{1,20}$/.test(text) || BigInt(text) >= 1n << 64n)
    throw new InvalidArgumentError("Expected a whole number from 0 to 2^64 − 1.");
  return BigInt(text);
}

/** A commander parser for token ids separated by commas. */
export function idsArgument(text: string): number[] {
  return text.split(",").map(integerArgument(0, 2 ** 31));
}
