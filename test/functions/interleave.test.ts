import { expect, test } from "vitest";
import { interleave } from "../../functions/interleave.ts";

/** A source of `count` values that counts how many are open at the same time. */
function sources(counts: readonly number[], waitMs: (source: number) => number) {
  const state = { open: 0, most: 0, begun: 0 };
  async function* source(number: number, count: number) {
    state.open++;
    state.most = Math.max(state.most, state.open);
    for (let value = 0; value < count; value++) {
      await new Promise((resolve) => setTimeout(resolve, waitMs(number)));
      yield `${number}.${value}`;
    }
    state.open--;
  }
  const begin = () => {
    const number = state.begun;
    if (number === counts.length) return undefined;
    state.begun++;
    return source(number, counts[number]!);
  };
  return { state, begin };
}

async function all<Value>(values: AsyncIterable<Value>): Promise<Value[]> {
  const list: Value[] = [];
  for await (const value of values) list.push(value);
  return list;
}

test("every value comes, those of one source in order, and no more sources are open than allowed", async () => {
  const { state, begin } = sources([3, 0, 2, 4, 1], () => 1);
  const values = await all(interleave(begin, 2));
  expect(values.toSorted()).toEqual(["0.0", "0.1", "0.2", "2.0", "2.1", "3.0", "3.1", "3.2", "3.3", "4.0"]);
  for (const number of [0, 2, 3]) {
    const own = values.filter((value) => value.startsWith(`${number}.`));
    expect(own).toEqual(own.toSorted());
  }
  expect(state).toEqual({ open: 0, most: 2, begun: 5 });
});

test("a slow source does not keep back a fast one, nor a fast one the others", async () => {
  const slow = await all(interleave(sources([1, 3], (source) => (source === 0 ? 40 : 1)).begin, 2));
  expect(slow).toEqual(["1.0", "1.1", "1.2", "0.0"]);
  const even = await all(interleave(sources([3, 3], () => 0).begin, 2));
  expect(even.slice(0, 2).toSorted()).toEqual(["0.0", "1.0"]);
});

test("throws what a source throws", async () => {
  async function* failing() {
    yield 1;
    throw new Error("lost");
  }
  async function* waiting() {
    yield 2;
    await new Promise((resolve) => setTimeout(resolve, 5));
    throw new Error("nobody hears this");
  }
  const left = [failing(), waiting()];
  await expect(all(interleave(() => left.shift(), 2))).rejects.toThrow("lost");
  await new Promise((resolve) => setTimeout(resolve, 10));
});
