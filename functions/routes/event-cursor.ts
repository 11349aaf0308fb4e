import { ApiError } from "../errors.ts";
import type { EndPart, TextPart } from "./answer-parts.ts";

/** The longest answer and the most sequences have room in it. */
const PATTERN = /^\d{1,10}(-\d{1,10}){1,32}$/;

/** The position of an opening chunk, and of an echoed prompt. */
const OPENING = 1;

/**
 * How far a reader has come in a stream: of each sequence 0 before its opening, 1 + t after t tokens and 2 + t after its
 * end; then 1 after the usage. As the id of an event: these numbers with "-" between them. Sequences are told in any
 * order, but each in its own, whoever asks and however often.
 */
export class EventCursor {
  readonly #positions: number[];
  readonly #sequences: number;

  private constructor(positions: number[]) {
    this.#positions = positions;
    this.#sequences = positions.length - 1;
  }

  /** The beginning of an answer of so many sequences. */
  static start(sequences: number): EventCursor {
    return new EventCursor(Array.from({ length: sequences + 1 }, () => 0));
  }

  /** Reads a Last-Event-ID; an ApiError (400) when it is none of such an answer's. */
  static parse(text: string, sequences: number, endsWithUsage: boolean): EventCursor {
    const positions = text.split("-").map(Number);
    const usage = positions[sequences] ?? 0;
    if (!PATTERN.test(text) || positions.length !== sequences + 1 || usage > Number(endsWithUsage))
      throw notAnId("is not the id of an event of this stream");
    return new EventCursor(positions);
  }

  get text(): string {
    return this.#positions.join("-");
  }

  /** Each `pass…` says whether the reader does not have this yet, and counts it as read. */
  passOpening(index: number): boolean {
    return this.#pass(index, OPENING);
  }

  passText({ index, drawnTokens }: TextPart): boolean {
    return this.#pass(index, OPENING + drawnTokens);
  }

  /** An ApiError (400) when the reader says that it had more than there is. */
  passEnd({ index, completionTokens }: EndPart): boolean {
    const end = OPENING + completionTokens + 1;
    if (this.#positions[index]! > end) throw notAnId("lies behind the end of the answer");
    return this.#pass(index, end);
  }

  passUsage(): boolean {
    return this.#pass(this.#sequences, 1);
  }

  #pass(index: number, position: number): boolean {
    if (this.#positions[index]! >= position) return false;
    this.#positions[index] = position;
    return true;
  }
}

/** An ApiError for a Last-Event-ID that is none of this stream's. */
export const notAnId = (problem: string) =>
  new ApiError(400, "invalid_value", `Last-Event-ID: ${problem}. Send the id of the last event that came, or none.`, {
    param: "Last-Event-ID",
  });
