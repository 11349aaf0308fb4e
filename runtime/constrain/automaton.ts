import type { Expression } from "./expression.ts";

/** What comes next, and what after it. */
export interface Way {
  readonly id: number;
  readonly head: Expression;
  /** Of a literal the next byte, of a repetition the least number still to come; else 0. */
  readonly at: number;
  /** Of a repetition the most that may still come; else 0. */
  readonly max: number;
  /** null: the text may end. */
  readonly next: Way | null;
  /** As Expression.cost, to the end of the text. */
  readonly cost: number;
}

/** All the ways to go on after some text, in an order that the text alone decides. */
export interface State {
  /** Each begins with a literal, a set of bytes or a repetition. */
  readonly ways: readonly Way[];
  /** The text may end here. */
  readonly accepting: boolean;
  /** Tokens that surely suffice to end the text. */
  readonly cost: number;
  /** By byte, null where the byte is not allowed; absent until somebody asks. */
  steps?: readonly (State | null)[];
}

/**
 * More ways than these are given up: what is generated stays within the grammar, which lets several ways be open only
 * where a text may be read in several ways.
 */
const MAX_WAYS = 256;
/** Repetitions within repetitions that one byte may open. */
const MAX_OPENED = 8192;
/** States that are kept: up to 2 kB each. */
const MAX_STATES = 2048;

/** A pushdown automaton over bytes. Its states are made when they are first reached, and shared. */
export class Automaton {
  readonly start: State;
  #ids = 0;
  #ways = new Map<string, Way>();
  #states = new Map<string, State>();

  /** `root` is whole and its costs are settled. */
  constructor(root: Expression) {
    this.start = this.#state([this.#begin(root, null)]);
  }

  /** The state after one more byte, or null where it is not allowed. */
  step(state: State, byte: number): State | null {
    state.steps ??= this.#steps(state);
    return state.steps[byte]!;
  }

  /** Bytes that lead to the same ways share one state, which most of a set's bytes do. */
  #steps(state: State): (State | null)[] {
    // States that someone holds stay good; they are only not shared with new ones.
    if (this.#states.size >= MAX_STATES) this.#forget();
    const reading: Way[] = [];
    const opened = new Set<number>();
    for (const way of state.ways) this.#readers(way, reading, opened);
    const classes = new Uint16Array(256);
    const after: (Way | null)[][] = [[]];
    for (const { head, at, next } of reading) {
      const split = new Map<number, number>();
      const lead = (byte: number, way: Way | null) => {
        const known = split.get(classes[byte]!);
        if (known === undefined) {
          split.set(classes[byte]!, after.length);
          after.push([...after[classes[byte]!]!, way]);
        }
        classes[byte] = known ?? after.length - 1;
      };
      if (head.kind === "bytes") for (const byte of head.list) lead(byte, next);
      else if (head.kind === "literal")
        lead(head.bytes[at]!, at + 1 < head.bytes.length ? this.#way(head, at + 1, 0, next) : next);
    }
    const states = after.map(() => undefined as State | null | undefined);
    return Array.from(classes, (index) => {
      states[index] ??= after[index]!.length === 0 ? null : this.#state(after[index]!);
      return states[index];
    });
  }

  /** Adds the literals and sets of bytes that a way begins with. */
  #readers(way: Way, reading: Way[], opened: Set<number>): void {
    const { head, at, max, next } = way;
    if (head.kind !== "repeat") {
      reading.push(way);
      return;
    }
    if (opened.has(way.id) || opened.size >= MAX_OPENED) return;
    opened.add(way.id);
    const inner: Way[] = [];
    this.#open(this.#begin(head.body, this.#way(head, Math.max(0, at - 1), max - 1, next)), inner, new Set());
    for (const begun of inner) this.#readers(begun, reading, opened);
  }

  #state(begun: readonly (Way | null)[]): State {
    const ways: Way[] = [];
    const seen = new Set<number>();
    let accepting = false;
    for (const way of begun) accepting = this.#open(way, ways, seen) || accepting;
    if (ways.length > MAX_WAYS) {
      // The way that the costs before it were counted on stays.
      const cheapest = ways.reduce((a, b) => (b.cost < a.cost ? b : a));
      ways.splice(MAX_WAYS);
      if (!ways.includes(cheapest)) ways[MAX_WAYS - 1] = cheapest;
    }
    const key = `${accepting} ${ways.map(({ id }) => id).join(" ")}`;
    let state = this.#states.get(key);
    if (state === undefined) {
      state = { ways, accepting, cost: accepting ? 0 : Math.min(...ways.map(({ cost }) => cost)) };
      this.#states.set(key, state);
    }
    return state;
  }

  /** Adds the ways that may begin here, each once, down to what reads a byte; true when the text may be over. */
  #open(first: Way | null, ways: Way[], seen: Set<number>): boolean {
    let over = false;
    // A stack of its own: what may be left out can follow itself thousands of times.
    const pending = [first];
    while (pending.length > 0) {
      const way = pending.pop()!;
      if (way === null) {
        over = true;
        continue;
      }
      if (way.cost === Number.POSITIVE_INFINITY || seen.has(way.id)) continue;
      seen.add(way.id);
      const { head, at, max, next } = way;
      switch (head.kind) {
        case "sequence":
          pending.push(head.parts.reduceRight<Way | null>((after, part) => this.#begin(part, after), next));
          break;
        case "choice":
          pending.push(...head.options.map((option) => this.#begin(option, next)).reverse());
          break;
        case "rule":
          pending.push(this.#begin(head.body!, next));
          break;
        case "repeat":
          if (max > 0) ways.push(way);
          if (at === 0) pending.push(next);
          break;
        default:
          ways.push(way);
      }
    }
    return over;
  }

  #begin(head: Expression, next: Way | null): Way {
    if (head.kind !== "repeat") return this.#way(head, 0, 0, next);
    // A body that may be empty makes up any count.
    return this.#way(head, head.body.cost === 0 ? 0 : head.min, head.max, next);
  }

  #way(head: Expression, at: number, max: number, next: Way | null): Way {
    const key = `${head.id} ${at} ${max} ${next?.id ?? ""}`;
    let way = this.#ways.get(key);
    if (way === undefined) {
      way = { id: this.#ids++, head, at, max, next, cost: costFrom(head, at) + (next?.cost ?? 0) };
      this.#ways.set(key, way);
    }
    return way;
  }

  #forget(): void {
    this.#ways = new Map();
    this.#states = new Map();
  }
}

function costFrom(head: Expression, at: number): number {
  if (head.kind === "literal") return head.costs[at]!;
  if (head.kind === "repeat") return at === 0 ? 0 : at * head.body.cost;
  return head.cost;
}
