import { type CodePoints, codePoints, complement, intersection, utf8, without } from "./code-points.ts";
import type { Expression, Expressions } from "./expression.ts";

/** Nesting of values that no schema describes. */
const FREE_DEPTH = 6;
/** Integers stay exact in every client. */
export const MAX_INTEGER_DIGITS = 15;
const MAX_FRACTION_DIGITS = 15;
const MAX_EXPONENT_DIGITS = 2;

/** Code points that stand for themselves in a JSON string (RFC 8259, section 7). */
export const PLAIN: CodePoints = complement([
  [0, 0x1f],
  [0x22, 0x22],
  [0x5c, 0x5c],
]);
const SHORT_ESCAPES: ReadonlyMap<number, string> = new Map([
  [0x08, "\\b"],
  [0x09, "\\t"],
  [0x0a, "\\n"],
  [0x0c, "\\f"],
  [0x0d, "\\r"],
  [0x22, '\\"'],
  [0x5c, "\\\\"],
]);

/** The words of JSON text. Between tokens stands one space at most. */
export class JsonText {
  readonly expressions: Expressions;
  /** One character of a string; the constraint's masks know it, since most of a vocabulary consists of such. */
  readonly character: Expression;
  readonly space: Expression;
  readonly comma: Expression;
  readonly string: Expression;
  readonly integer: Expression;
  readonly number: Expression;
  readonly boolean: Expression;
  readonly null: Expression;
  readonly #values: Expression[] = [];

  constructor(expressions: Expressions) {
    this.expressions = expressions;
    const { literal, bytes, sequence, choice, optional, repeat } = expressions;
    this.character = choice(
      utf8(expressions, PLAIN),
      sequence(literal("\\"), choice(...[...'"\\/bfnrt'].map(literal))),
    );
    this.space = optional(literal(" "));
    this.comma = sequence(literal(","), this.space);
    this.string = this.stringOf(0);
    const digit = bytes([0x30, 0x39]);
    const whole = choice(literal("0"), sequence(bytes([0x31, 0x39]), repeat(digit, 0, MAX_INTEGER_DIGITS - 1)));
    this.integer = sequence(optional(literal("-")), whole);
    const fraction = sequence(literal("."), repeat(digit, 1, MAX_FRACTION_DIGITS));
    const exponent = sequence(
      bytes([0x45, 0x45], [0x65, 0x65]),
      optional(bytes([0x2b, 0x2b], [0x2d, 0x2d])),
      repeat(digit, 1, MAX_EXPONENT_DIGITS),
    );
    this.number = sequence(this.integer, optional(fraction), optional(exponent));
    this.boolean = choice(literal("true"), literal("false"));
    this.null = literal("null");
  }

  /** A string of so many code points. */
  stringOf(min: number, max?: number): Expression {
    return this.quoted(this.expressions.repeat(this.character, min, max));
  }

  quoted(body: Expression): Expression {
    const quote = this.expressions.literal('"');
    return this.expressions.sequence(quote, body, quote);
  }

  /** One of the code points as a string holds it. */
  characterOf(ranges: CodePoints): Expression {
    const plain = intersection(ranges, PLAIN);
    const escaped = without(ranges, PLAIN).flatMap(([first, last]) =>
      Array.from({ length: last - first + 1 }, (_, index) => this.expressions.literal(escapeOf(first + index))),
    );
    return this.expressions.choice(...(plain.length > 0 ? [utf8(this.expressions, plain)] : []), ...escaped);
  }

  /** Any value of at most `depth` levels. */
  value(depth = FREE_DEPTH): Expression {
    this.#values[depth] ??= this.expressions.choice(
      this.string,
      this.number,
      this.boolean,
      this.null,
      ...(depth > 0 ? [this.array(this.value(depth - 1)), this.object(this.value(depth - 1))] : []),
    );
    return this.#values[depth];
  }

  /** An array of `min` to `max` items, after `first` ones of their own kinds. */
  array(
    item: Expression | null,
    min = 0,
    max = Number.POSITIVE_INFINITY,
    first: readonly Expression[] = [],
  ): Expression {
    const { sequence, optional, repeat, nothing, literal } = this.expressions;
    const more = (count: number, limit: number) => {
      if (item === null || limit === 0) return nothing;
      return repeat(sequence(this.comma, item), count, limit);
    };
    const begun = first.flatMap((part, index) => (index === 0 ? [part] : [this.comma, part]));
    const full =
      first.length > 0
        ? sequence(...begun, more(Math.max(0, min - first.length), max - first.length), this.space)
        : item === null || max === 0
          ? nothing
          : sequence(item, more(Math.max(0, min - 1), max - 1), this.space);
    const members = first.length === 0 && min === 0 ? optional(full) : full;
    return sequence(literal("["), this.space, members, literal("]"));
  }

  /** An object with any names and values of one kind. */
  object(value: Expression): Expression {
    return this.objectOf([], this.pair(this.quoted(this.expressions.repeat(this.character, 1)), value));
  }

  /** `name` is a string with its quotes. */
  pair(name: Expression, value: Expression): Expression {
    return this.expressions.sequence(name, this.expressions.literal(":"), this.space, value);
  }

  /** An object with `members` in their order, and any number of `others` after them. */
  objectOf(
    members: readonly { readonly pair: Expression; readonly required: boolean }[],
    others: Expression | null,
  ): Expression {
    const { sequence, choice, optional, repeat, nothing, literal } = this.expressions;
    // What may follow once the members from some place on are left, without and with one before them.
    let first = others ? optional(sequence(others, repeat(sequence(this.comma, others), 0), this.space)) : nothing;
    let later = others ? sequence(repeat(sequence(this.comma, others), 0), this.space) : this.space;
    for (const { pair, required } of members.toReversed()) {
      const begun = sequence(pair, later);
      const goneOn = sequence(this.comma, pair, later);
      first = required ? begun : choice(begun, first);
      later = required ? goneOn : choice(goneOn, later);
    }
    return sequence(literal("{"), this.space, first, literal("}"));
  }

  /** Any name, as a string, that is none of `names`. */
  nameBeside(names: readonly string[]): Expression {
    const { sequence, choice, repeat, literal } = this.expressions;
    const rest = sequence(repeat(this.character, 0), literal('"'));
    const from = (taken: readonly string[]): Expression => {
      const next = new Map<number, string[]>();
      for (const name of taken) {
        const character = name.codePointAt(0);
        if (character === undefined) continue;
        next.set(character, [...(next.get(character) ?? []), name.slice(character > 0xffff ? 2 : 1)]);
      }
      const known = codePoints([...next.keys()].map((character) => [character, character]));
      return choice(
        ...(taken.includes("") ? [] : [literal('"')]),
        sequence(utf8(this.expressions, without(PLAIN, known)), rest),
        ...[...next].map(([character, names]) => sequence(this.characterOf([[character, character]]), from(names))),
      );
    };
    // No empty name.
    return sequence(literal('"'), from(["", ...names]));
  }
}

function escapeOf(codePoint: number): string {
  return SHORT_ESCAPES.get(codePoint) ?? `\\u${codePoint.toString(16).padStart(4, "0")}`;
}
