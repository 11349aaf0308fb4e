import { InferenceError } from "../../runtime/errors.ts";
import type { Frame, RowAnswer } from "./frame.ts";
import type { Offer } from "./offer.ts";
import type { Passage } from "./passage.ts";

/** The passages that are open, by their numbers. */
export class Passages {
  readonly #open = new Map<number, Passage>();

  get size(): number {
    return this.#open.size;
  }

  add(passage: Passage): void {
    this.#open.set(passage.number, passage);
  }

  get(number: number): Passage | undefined {
    return this.#open.get(number);
  }

  /** Whether it was open. */
  delete({ number }: Passage): boolean {
    return this.#open.delete(number);
  }

  /** Those for which `holds`. */
  where(holds: (passage: Passage) => boolean): Passage[] {
    return [...this.#open.values()].filter(holds);
  }

  /** Tells the passages of a frame that it is on its way. */
  sent(offers: readonly Offer[]): void {
    for (const { session, rows } of offers) this.#open.get(session)?.sent(rows);
  }

  /** Gives each passage of a frame what the vocabulary shards, in their order, answered for its rows. */
  answered(offers: readonly Offer[], frames: readonly Frame[]): void {
    const shards = frames.map((frame) => Map.groupBy(answersOf(frame), ({ session }) => session));
    for (const { session, rows, selections } of offers) {
      const passage = this.#open.get(session);
      passage?.computed(rows);
      if (passage === undefined || selections.length === 0) continue;
      const found = shards.map((answers) => answers.get(session) ?? []);
      if (found.every((answers) => answers.length === selections.length))
        passage.answered(selections.map((_, row) => found.map((answers) => answers[row]!.selection)));
      else passage.fail(new InferenceError("internal", `rows of session ${session} are missing in an answer`));
    }
  }
}

const answersOf = (frame: Frame): readonly RowAnswer[] => (frame.kind === "answers" ? frame.answers : []);
