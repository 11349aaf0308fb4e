import { InferenceError } from "../../runtime/errors.ts";
import type { Frame } from "./frame.ts";

interface Question {
  /** By the vocabulary shard that owes it; filled as answers come. */
  readonly answers: Map<number, Frame | null>;
  readonly timer: ReturnType<typeof setTimeout>;
  readonly resolve: (answers: Frame[]) => void;
  readonly reject: (error: InferenceError) => void;
}

/** What the conductor has asked and not yet heard about, by step number. Every question has a time limit. */
export class Outstanding {
  readonly #questions = new Map<number, Question>();

  get size(): number {
    return this.#questions.size;
  }

  /** The answers of vocabulary shards `shards`, in that order; InferenceError timed_out, or what `reject` is given. */
  expect(step: number, shards: readonly number[], limitMs: number): Promise<Frame[]> {
    const { promise, resolve, reject } = Promise.withResolvers<Frame[]>();
    const late = () => {
      const owing = [...this.#questions.get(step)!.answers]
        .filter(([, answer]) => answer === null)
        .map(([shard]) => shard);
      this.reject(
        step,
        new InferenceError(
          "timed_out",
          `vocabulary shard ${owing.join(", ")} did not answer step ${step} within ${limitMs} ms`,
        ),
      );
    };
    const answers = new Map<number, Frame | null>(shards.map((shard) => [shard, null]));
    this.#questions.set(step, { answers, timer: setTimeout(late, limitMs), resolve, reject });
    return promise;
  }

  /** Takes a shard's answer; one that nobody waits for any more is dropped. */
  receive(shard: number, frame: Frame): void {
    const question = this.#questions.get(frame.step);
    if (!question?.answers.has(shard)) return;
    question.answers.set(shard, frame);
    const answers = [...question.answers.values()];
    if (!answers.every((answer) => answer !== null)) return;
    this.#forget(frame.step, question);
    question.resolve(answers);
  }

  reject(step: number, error: InferenceError): void {
    const question = this.#questions.get(step);
    if (question === undefined) return;
    this.#forget(step, question);
    question.reject(error);
  }

  /** Rejects whatever still waits for `shard`. */
  loseShard(shard: number, error: InferenceError): void {
    for (const [step, { answers }] of this.#questions) if (answers.get(shard) === null) this.reject(step, error);
  }

  #forget(step: number, question: Question): void {
    clearTimeout(question.timer);
    this.#questions.delete(step);
  }
}
