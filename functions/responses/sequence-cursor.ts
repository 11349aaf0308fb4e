import { notAnId } from "../routes/event-cursor.ts";

const PATTERN = /^\d{1,10}$/;

/** How far a reader has come in a stream of the Responses API. The id of an event is its sequence_number. */
export class SequenceCursor {
  #read: number;

  private constructor(read: number) {
    this.#read = read;
  }

  static start(): SequenceCursor {
    return new SequenceCursor(0);
  }

  /** Reads a Last-Event-ID; an ApiError (400) when it is no sequence_number. */
  static parse(text: string): SequenceCursor {
    if (!PATTERN.test(text)) throw notAnId("is not the id of an event of this stream");
    return new SequenceCursor(Number(text) + 1);
  }

  /** Whether the reader does not have this event yet; counts it as read. */
  pass(sequence: number): boolean {
    if (sequence < this.#read) return false;
    this.#read = sequence + 1;
    return true;
  }

  /** An ApiError (400) when the reader says that it had more than the `count` events there are. */
  checkEnd(count: number): void {
    if (this.#read > count) throw notAnId("lies behind the end of the answer");
  }
}
