import { CLASSES, CONTROL_ESCAPES, others } from "./character-classes.ts";
import { type CodePoints, codePoints } from "./code-points.ts";
import type { Expression, Expressions } from "./expression.ts";

/** How a pattern's characters are written in the text: as they are, or as a JSON string holds them. */
export type CharacterForm = (ranges: CodePoints) => Expression;

const MAX_REPEAT = 1000;
/** Of a pattern: places where a text may be at the same time. */
const MAX_OPEN = 1000;
const MAX_DEPTH = 32;

/**
 * The texts that a regular expression (ECMAScript's, without look-around, back-references and word boundaries) matches
 * from end to end, whether it says so with ^ and $ or not: every one of them also contains a match. An error's text says
 * what is not supported.
 */
export function patternExpression(expressions: Expressions, pattern: string, form: CharacterForm): Pattern {
  return new PatternParser(expressions, [...pattern], form).parse();
}

export interface Pattern {
  readonly expression: Expression;
  /** Characters of its texts. */
  readonly shortest: number;
  readonly longest: number;
}

interface Part extends Pattern {
  readonly isSet: boolean;
  /** Places in it where a text may be at once, where a repeated set is one: its count is all that differs. */
  readonly open: number;
  /** The same where it is repeated itself, and every count makes a difference. */
  readonly expanded: number;
}

class PatternParser {
  readonly #expressions: Expressions;
  readonly #characters: readonly string[];
  readonly #form: CharacterForm;
  /** Sets that occur again are the same expression. */
  readonly #sets = new Map<string, Expression>();
  #at = 0;

  constructor(expressions: Expressions, characters: readonly string[], form: CharacterForm) {
    this.#expressions = expressions;
    this.#characters = characters;
    this.#form = form;
  }

  parse(): Pattern {
    const pattern = this.#choice(0);
    this.#checkSize(pattern.open);
    if (this.#at < this.#characters.length) this.#fail("a ) without its (");
    return pattern;
  }

  #choice(depth: number): Part {
    if (depth > MAX_DEPTH) this.#fail(`groups are nested more than ${MAX_DEPTH} deep`);
    const options: Part[] = [];
    do options.push(this.#sequence(depth));
    while (this.#take("|"));
    return {
      expression: this.#expressions.choice(...options.map(({ expression }) => expression)),
      shortest: Math.min(...options.map(({ shortest }) => shortest)),
      longest: Math.max(...options.map(({ longest }) => longest)),
      ...sizes(options),
    };
  }

  #sequence(depth: number): Part {
    const parts: Part[] = [];
    if (depth === 0) this.#take("^");
    for (;;) {
      const next = this.#characters[this.#at];
      if (next === undefined || next === "|" || next === ")") break;
      if (next === "$") {
        this.#at++;
        const after = this.#characters[this.#at];
        if (depth > 0 || (after !== undefined && after !== "|")) this.#fail("$ is supported only at the end");
        break;
      }
      parts.push(this.#repeated(this.#atom(depth)));
    }
    return {
      expression: this.#expressions.sequence(...parts.map(({ expression }) => expression)),
      shortest: parts.reduce((sum, { shortest }) => sum + shortest, 0),
      longest: parts.reduce((sum, { longest }) => sum + longest, 0),
      ...sizes(parts),
    };
  }

  #repeated(part: Part): Part {
    const bounds = this.#quantifier();
    if (!bounds) return part;
    const [min, max] = bounds;
    // Lazy or not, the same texts match.
    this.#take("?");
    if (this.#quantifier()) this.#fail("nothing to repeat");
    const expanded = part.expanded * Math.max(1, Number.isFinite(max) ? max : min);
    const open = part.isSet ? 1 : expanded;
    this.#checkSize(open);
    return {
      expression: this.#expressions.repeat(part.expression, min, max),
      shortest: part.shortest * min,
      longest: max === 0 || part.longest === 0 ? 0 : part.longest * max,
      isSet: false,
      open,
      expanded,
    };
  }

  #quantifier(): [min: number, max: number] | null {
    if (this.#take("*")) return [0, Number.POSITIVE_INFINITY];
    if (this.#take("+")) return [1, Number.POSITIVE_INFINITY];
    if (this.#take("?")) return [0, 1];
    const braces = /^\{(\d+)(,(\d*))?\}/.exec(this.#characters.slice(this.#at, this.#at + 20).join(""));
    if (!braces) return null;
    this.#at += braces[0].length;
    const min = Number(braces[1]);
    const max = braces[2] === undefined ? min : braces[3] ? Number(braces[3]) : Number.POSITIVE_INFINITY;
    if (min > MAX_REPEAT || (Number.isFinite(max) && max > MAX_REPEAT))
      this.#fail(`more than ${MAX_REPEAT} repetitions`);
    if (min > max) this.#fail("a repetition's bounds are in the wrong order");
    return [min, max];
  }

  #atom(depth: number): Part {
    if (this.#take("(")) return this.#group(depth);
    const ranges = this.#take("[") ? this.#set() : this.#single();
    if (ranges.length === 0) this.#fail("a set without characters");
    const key = ranges.join(" ");
    const expression = this.#sets.get(key) ?? this.#form(ranges);
    this.#sets.set(key, expression);
    return { expression, shortest: 1, longest: 1, isSet: true, open: 1, expanded: 1 };
  }

  #group(depth: number): Part {
    if (this.#take("?")) {
      const named = /^<[A-Za-z_$][\w$]{0,63}>/.exec(this.#characters.slice(this.#at, this.#at + 66).join(""));
      if (named) this.#at += named[0].length;
      else if (!this.#take(":")) this.#fail("look-around is not supported");
    }
    const part = this.#choice(depth + 1);
    if (!this.#take(")")) this.#fail("a ( without its )");
    return part;
  }

  #single(): CodePoints {
    const character = this.#next();
    if (character === ".") return others([[0x2028, 0x2029]]);
    if (character === "\\") return this.#escape();
    if ("^*+?{}]".includes(character)) this.#fail(`${character} stands where it means nothing; escape it`);
    return single(character);
  }

  #set(): CodePoints {
    const negated = this.#take("^");
    const ranges: (readonly [number, number])[] = [];
    while (!this.#take("]")) {
      const from = this.#member();
      const isRange = this.#characters[this.#at] === "-" && this.#characters[this.#at + 1] !== "]";
      if (!isRange) {
        ranges.push(...from);
        continue;
      }
      this.#at++;
      const to = this.#member();
      const [first, last] = [from[0]?.[0], to[0]?.[0]];
      const single = (range: CodePoints) => range.length === 1 && range[0]![0] === range[0]![1];
      if (!single(from) || !single(to) || first! > last!) this.#fail("a range of characters is not in order");
      ranges.push([first!, last!]);
    }
    return negated ? others(ranges) : codePoints(ranges);
  }

  #member(): CodePoints {
    const character = this.#next();
    return character === "\\" ? this.#escape(true) : single(character);
  }

  #escape(inSet = false): CodePoints {
    const character = this.#next();
    if (Object.hasOwn(CLASSES, character)) return CLASSES[character]!;
    if (inSet && character === "b") return [[0x08, 0x08]];
    if (Object.hasOwn(CONTROL_ESCAPES, character)) {
      const code = CONTROL_ESCAPES[character]!;
      return [[code, code]];
    }
    if (character === "x") return this.#hexadecimal(2);
    if (character === "u") {
      if (!this.#take("{")) return this.#hexadecimal(4);
      const braces = /^([0-9a-fA-F]{1,6})\}/.exec(this.#characters.slice(this.#at, this.#at + 7).join(""));
      const code = Number.parseInt(braces?.[1] ?? "", 16);
      if (!braces || code > 0x10ffff) this.#fail("\\u{…} needs a code point");
      this.#at += braces![0].length;
      return codePoints([[code, code]]);
    }
    if (/[A-Za-z0-9]/.test(character)) this.#fail(`\\${character} is not supported`);
    return single(character);
  }

  #hexadecimal(digits: number): CodePoints {
    const text = this.#characters.slice(this.#at, this.#at + digits).join("");
    if (text.length < digits || !/^[0-9a-fA-F]+$/.test(text)) this.#fail(`expected ${digits} hexadecimal digits`);
    this.#at += digits;
    const code = Number.parseInt(text, 16);
    return codePoints([[code, code]]);
  }

  #next(): string {
    const character = this.#characters[this.#at++];
    if (character === undefined) this.#fail("it ends too early");
    return character!;
  }

  #take(character: string): boolean {
    const there = this.#characters[this.#at] === character;
    if (there) this.#at++;
    return there;
  }

  #checkSize(open: number): void {
    if (open > MAX_OPEN)
      this.#fail(`more than ${MAX_OPEN} parts, those within repetitions counted as often as they occur`);
  }

  #fail(problem: string): never {
    throw new PatternError(`the pattern cannot be used, at character ${this.#at}: ${problem}`);
  }
}

/** A pattern that is wrong or not supported. */
export class PatternError extends Error {
  override readonly name = "PatternError";
}

function sizes(parts: readonly Part[]): Pick<Part, "isSet" | "open" | "expanded"> {
  const [first] = parts;
  return {
    isSet: parts.length === 1 && first!.isSet,
    open: parts.reduce((sum, { open }) => sum + open, 0),
    expanded: parts.reduce((sum, { expanded }) => sum + expanded, 0),
  };
}

function single(character: string): CodePoints {
  const code = character.codePointAt(0)!;
  return [[code, code]];
}
