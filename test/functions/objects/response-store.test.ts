import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import type { StoredItem } from "../../../functions/objects/response-store.ts";

const MEGABYTE = 1024 * 1024;
const message = (id: string, content: string): StoredItem => ({ id, role: "user", content });

/** A store with turns that follow each other, each of one item of so many characters. */
async function storeOf(turns: number, characters: number) {
  const store = env.RESPONSES.getByName(crypto.randomUUID());
  for (let turn = 0; turn < turns; turn++) {
    const previousId = turn === 0 ? null : `resp_${turn - 1}`;
    const input = [message(`in_${turn}`, "x".repeat(characters))];
    await store.put({ id: `resp_${turn}`, previousId, input, output: [message(`msg_${turn}`, "ok")], json: "{}" });
  }
  return store;
}

test("a conversation is recalled in order, with the items that are named after it", async () => {
  const store = await storeOf(3, 1);
  const recalled = await store.recall("resp_1", ["msg_2", "in_0"]);
  expect("items" in recalled && recalled.items.map((item) => (item as StoredItem).id)).toEqual([
    ...["in_0", "msg_0", "in_1", "msg_1"],
    ...["msg_2", "in_0"],
  ]);
  expect(await store.recall("resp_9", [])).toEqual({ missing: "resp_9" });
});

test("a short request that names a large item often gets no more than a conversation may be", async () => {
  const store = await storeOf(1, MEGABYTE);
  expect(await store.recall(null, ["in_0", "in_0", "in_0"])).toMatchObject({ items: { length: 3 } });
  const often = Array.from({ length: 4096 }, () => "in_0");
  expect(await store.recall(null, often)).toEqual({ tooLong: 4 * MEGABYTE });
});

test("nor does one that goes on from many large turns", async () => {
  const store = await storeOf(6, MEGABYTE);
  expect(await store.recall("resp_5", [])).toEqual({ tooLong: 4 * MEGABYTE });
  expect(await store.recall("resp_2", [])).toMatchObject({ items: { length: 6 } });
});
