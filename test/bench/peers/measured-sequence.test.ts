import { expect, test } from "vitest";
import { MeasuredSequence, type Sequence } from "./measured-sequence.ts";

const VOCAB_SIZE = 1000;

/** A sequence that keeps the ids it was given; evaluating a token takes a millisecond. */
class KeptIds implements Sequence {
  readonly ids: number[] = [];
  evaluatedTokens = 0;

  async evaluate(batches: readonly (readonly number[])[]): Promise<number> {
    const ids = batches.flat();
    this.ids.push(...ids);
    this.evaluatedTokens += ids.length;
    return ids.length;
  }

  async truncate(tokens: number): Promise<void> {
    this.ids.length = tokens;
  }
}

test("a prefill begins with an empty cache, and times the whole prompt", async () => {
  const sequence = new KeptIds();
  const measured = new MeasuredSequence(sequence, VOCAB_SIZE);
  await measured.prefill(700);
  expect(await measured.prefill(600)).toBe(600);
  expect(sequence.ids.length).toBe(600);
});

test("decoding keeps the part of the context that is cached, and times only the tokens after it", async () => {
  const sequence = new KeptIds();
  const measured = new MeasuredSequence(sequence, VOCAB_SIZE);
  await measured.prefill(600);
  const prompt = [...sequence.ids];
  expect(await measured.decode(8, 128)).toBe(1);
  expect(sequence.evaluatedTokens).toBe(608);
  expect(sequence.ids).toEqual(prompt.slice(0, 136));
  await measured.decode(8, 1024);
  expect(sequence.evaluatedTokens).toBe(608 + (1024 - 136) + 8);
});

test("every position has its own id of the vocabulary, whatever the batches", async () => {
  const [whole, grown] = [new KeptIds(), new KeptIds()];
  await new MeasuredSequence(whole, VOCAB_SIZE).prefill(1032);
  await new MeasuredSequence(grown, VOCAB_SIZE).decode(8, 1024);
  expect(grown.ids).toEqual(whole.ids);
  expect(new Set(whole.ids).size).toBeGreaterThan(300);
  expect(Math.max(...whole.ids)).toBeLessThan(VOCAB_SIZE);
});
