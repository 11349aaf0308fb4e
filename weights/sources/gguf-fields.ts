import { WeightsError } from "../errors.ts";
import type { MetadataValue } from "./gguf-metadata.ts";

/** Typed look at the metadata of a GGUF file; every refusal names the file and the key. */
export class GgufFields {
  readonly path: string;
  readonly #entries: ReadonlyMap<string, MetadataValue>;

  constructor(path: string, entries: ReadonlyMap<string, MetadataValue>) {
    this.path = path;
    this.#entries = entries;
  }

  get keys(): Iterable<string> {
    return this.#entries.keys();
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  string(key: string): string {
    const value = this.#get(key);
    return typeof value === "string" ? value : this.#refuse(key, "a string");
  }

  boolean(key: string): boolean {
    const value = this.#get(key);
    return typeof value === "boolean" ? value : this.#refuse(key, "true or false");
  }

  /** A whole number of any integer type that a double holds. */
  integer(key: string): number {
    const number = Number(this.#number(key));
    return Number.isSafeInteger(number) ? number : this.#refuse(key, "an integer within ±(2^53 − 1)");
  }

  /** A finite number; of a float32, the shortest decimal that means the same float32, as a config.json would say it. */
  number(key: string): number {
    const number = Number(this.#number(key));
    if (!Number.isFinite(number)) return this.#refuse(key, "a finite number");
    return Math.fround(number) === number ? shortestDecimal(number) : number;
  }

  strings(key: string): readonly string[] {
    const value = this.#get(key);
    return Array.isArray(value) && value.every((element) => typeof element === "string")
      ? (value as readonly string[])
      : this.#refuse(key, "an array of strings");
  }

  /** Numbers of any type, or booleans as 0 and 1. */
  numbers(key: string): readonly number[] {
    const value = this.#get(key);
    if (ArrayBuffer.isView(value)) return Array.from(value as Uint8Array | BigInt64Array, Number);
    return Array.isArray(value) && value.every((element) => typeof element === "boolean")
      ? value.map(Number)
      : this.#refuse(key, "an array of numbers");
  }

  isArray(key: string): boolean {
    return typeof this.#get(key) === "object";
  }

  #number(key: string): number | bigint {
    const value = this.#get(key);
    return typeof value === "number" || typeof value === "bigint" ? value : this.#refuse(key, "a number");
  }

  #get(key: string): MetadataValue {
    const value = this.#entries.get(key);
    if (value === undefined) throw new WeightsError(`${this.path}: has no metadata ${key}`);
    return value;
  }

  #refuse(key: string, expected: string): never {
    const value = this.#entries.get(key)!;
    const found = typeof value === "object" ? "an array" : `${typeof value} ${String(value).slice(0, 100)}`;
    throw new WeightsError(`${this.path}: metadata ${key} is ${found}, expected ${expected}`);
  }
}

function shortestDecimal(single: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const decimal = Number(single.toPrecision(digits));
    if (Math.fround(decimal) === single) return decimal;
  }
  return single;
}
