/**
 * What bytes may follow, as a graph that is never changed once it is whole. `cost` is an upper bound for the tokens of
 * the shortest text it matches, and infinite where it matches none.
 */
export type Expression = Literal | ByteSet | Sequence | Choice | Repeat | Rule;

interface Node {
  readonly id: number;
  cost: number;
}

export interface Literal extends Node {
  readonly kind: "literal";
  readonly bytes: Uint8Array;
  /** Cost of what is left from each byte on, and 0 at the end. */
  readonly costs: Uint16Array;
}

export interface ByteSet extends Node {
  readonly kind: "bytes";
  readonly list: Uint8Array;
}

export interface Sequence extends Node {
  readonly kind: "sequence";
  readonly parts: readonly Expression[];
}

export interface Choice extends Node {
  readonly kind: "choice";
  readonly options: readonly Expression[];
}

export interface Repeat extends Node {
  readonly kind: "repeat";
  readonly body: Expression;
  readonly min: number;
  /** May be infinite. */
  readonly max: number;
}

/** Stands for a body that is known later, so that an expression can hold itself. */
export interface Rule extends Node {
  readonly kind: "rule";
  body: Expression | null;
}

type OfKind<Kind> = Extract<Expression, { readonly kind: Kind }>;
type Unnumbered<Kind> = { readonly kind: Kind } & Omit<OfKind<Kind>, "id" | "cost" | "kind">;

/** Tokens that a literal takes from each of its bytes on, as `literalCosts` finds them. */
export type LiteralCosts = (bytes: Uint8Array) => Uint16Array;

/** More than any specification within the other limits needs. */
const MAX_EXPRESSIONS = 100_000;
/** Parts of a sequence that become parts of the one around it: copying more would take time as the square of their number. */
const MAX_FLATTENED = 16;

/** Makes the expressions of one grammar; its methods may be taken from it. */
export class Expressions {
  readonly #literalCosts: LiteralCosts;
  readonly #all: Expression[] = [];
  /** Matches the empty text. */
  readonly nothing: Expression = this.#add({ kind: "sequence", parts: [] });

  constructor(literalCosts: LiteralCosts) {
    this.#literalCosts = literalCosts;
  }

  /** True once there are more expressions than one grammar may have. */
  get full(): boolean {
    return this.#all.length > MAX_EXPRESSIONS;
  }

  readonly literal = (text: string): Expression => {
    if (text === "") return this.nothing;
    const bytes = new TextEncoder().encode(text);
    return this.#add({ kind: "literal", bytes, costs: this.#literalCosts(bytes) });
  };

  /** Ranges of bytes, both ends included. */
  readonly bytes = (...ranges: readonly (readonly [first: number, last: number])[]): Expression => {
    const list = ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, at) => first + at));
    return this.#add({ kind: "bytes", list: Uint8Array.from(list) });
  };

  readonly sequence = (...parts: readonly Expression[]): Expression => {
    const flat = parts.flatMap((part) =>
      part.kind === "sequence" && part.parts.length <= MAX_FLATTENED ? part.parts : [part],
    );
    if (flat.length === 0) return this.nothing;
    return flat.length === 1 ? flat[0]! : this.#add({ kind: "sequence", parts: flat });
  };

  /** Without options it matches nothing at all, not even the empty text. */
  readonly choice = (...options: readonly Expression[]): Expression =>
    options.length === 1 ? options[0]! : this.#add({ kind: "choice", options });

  readonly optional = (body: Expression): Expression => this.choice(body, this.nothing);

  readonly repeat = (body: Expression, min: number, max = Number.POSITIVE_INFINITY): Expression => {
    if (max === 0) return this.nothing;
    return min === 1 && max === 1 ? body : this.#add({ kind: "repeat", body, min, max });
  };

  rule(): Rule {
    return this.#add({ kind: "rule", body: null });
  }

  /** One of several texts, their common beginnings once. */
  oneOf(texts: readonly string[]): Expression {
    const sorted = [...new Set(texts)].sort();
    return this.#branches(sorted, 0);
  }

  /** Fills in what every expression costs, by rounds in which no cost falls any more. To be called once, at the end. */
  settleCosts(): void {
    for (let changed = true; changed; ) {
      changed = false;
      for (const expression of this.#all) {
        const cost = costOf(expression);
        if (cost < expression.cost) {
          expression.cost = cost;
          changed = true;
        }
      }
    }
  }

  /** Sorted, distinct texts that agree up to `from`. */
  #branches(texts: readonly string[], from: number): Expression {
    if (texts.length === 1) return this.literal(texts[0]!.slice(from));
    const groups = new Map<number | undefined, string[]>();
    for (const text of texts) {
      const next = text.codePointAt(from);
      groups.set(next, [...(groups.get(next) ?? []), text]);
    }
    const options = [...groups].map(([next, group]) => {
      if (next === undefined) return this.nothing;
      const end = commonEnd(group, from);
      return this.sequence(this.literal(group[0]!.slice(from, end)), this.#branches(group, end));
    });
    return this.choice(...options);
  }

  #add<Kind extends Expression["kind"]>(made: Unnumbered<Kind>): OfKind<Kind> {
    const expression = { ...made, id: this.#all.length, cost: Number.POSITIVE_INFINITY } as unknown as OfKind<Kind>;
    this.#all.push(expression);
    return expression;
  }
}

/** Whole characters only: a literal never ends inside one. */
function commonEnd(texts: readonly string[], from: number): number {
  const [first = "", last = ""] = [texts[0], texts.at(-1)];
  let end = from;
  for (;;) {
    const character = first.codePointAt(end);
    if (character === undefined || character !== last.codePointAt(end)) return end;
    end += character > 0xffff ? 2 : 1;
  }
}

function costOf(expression: Expression): number {
  switch (expression.kind) {
    case "literal":
      return expression.costs[0]!;
    case "bytes":
      return expression.list.length > 0 ? 1 : Number.POSITIVE_INFINITY;
    case "sequence":
      return expression.parts.reduce((sum, part) => sum + part.cost, 0);
    case "choice":
      return expression.options.reduce((least, option) => Math.min(least, option.cost), Number.POSITIVE_INFINITY);
    case "repeat":
      return expression.min === 0 ? 0 : expression.min * expression.body.cost;
    case "rule":
      return expression.body?.cost ?? Number.POSITIVE_INFINITY;
  }
}
