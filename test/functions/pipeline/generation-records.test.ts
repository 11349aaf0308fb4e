import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import type { GenerateCall } from "../../../functions/pipeline/generation-call.ts";
import { GenerationRecords, RECORD_IDS } from "../../../functions/pipeline/generation-records.ts";

const BEGUN = { leaseId: "lease", pipelineHash: "pipeline-hash", cachedTokens: 1 };
const MANY_TOKENS = 150 * RECORD_IDS;

const callOf = (id: string): GenerateCall => ({
  id,
  tenant: "tenant",
  reservationId: id,
  manifestHash: "0".repeat(64),
  promptIds: [2, 7],
  sampling: { temperature: 1, topK: 0, topP: 1, minP: 0, seed: 2n ** 64n - 1n },
  maxTokens: MANY_TOKENS,
  stop: [],
});

/** Runs `work` on the storage of an object of its own. */
async function withRecords(work: (records: GenerationRecords, storage: DurableObjectStorage) => Promise<void>) {
  const conductor = env.CONDUCTOR.getByName(crypto.randomUUID());
  await runInDurableObject(conductor, async (_, { storage }) => work(new GenerationRecords(storage), storage));
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

test("a record holds the request and every token that filled a row; its end stores the others", async () => {
  await withRecords(async (records) => {
    const call = callOf("a");
    const rows = records.begin(call, BEGUN);
    rows.add(upTo(2 * RECORD_IDS + 5));
    expect(await records.read("a")).toMatchObject({
      call,
      ...BEGUN,
      done: false,
      tokens: { ids: upTo(2 * RECORD_IDS) },
    });
    rows.end(false);
    expect((await records.read("a"))!.tokens.ids).toEqual(upTo(2 * RECORD_IDS + 5));
    expect(await records.read("b")).toBeNull();
  });
});

test("a record that is gone on with keeps its rows and gets the rest", async () => {
  await withRecords(async (records, storage) => {
    const ids = upTo(3 * RECORD_IDS + 1);
    const known = ids.slice(0, RECORD_IDS + 9);
    const first = records.begin(callOf("a"), BEGUN);
    first.add(known);
    const before = await storage.list({ prefix: "tokens/" });
    const next = records.begin(callOf("a"), BEGUN, known.length);
    next.add(known);
    expect(await storage.list({ prefix: "tokens/" })).toEqual(before);
    next.add(ids.slice(known.length));
    next.end(true);
    expect((await records.read("a"))!.tokens.ids).toEqual(ids);
  });
});

test("behind a row that was lost nothing counts", async () => {
  await withRecords(async (records, storage) => {
    records.begin(callOf("a"), BEGUN).add(upTo(4 * RECORD_IDS));
    const [, second] = [...(await storage.list({ prefix: "tokens/a/" })).keys()];
    await storage.delete(second!);
    expect((await records.read("a"))!.tokens.ids).toEqual(upTo(RECORD_IDS));
  });
});

test("what is forgotten leaves nothing behind, however long it is, and takes nothing else along", async () => {
  await withRecords(async (records, storage) => {
    records.begin(callOf("other"), BEGUN).add(upTo(RECORD_IDS));
    const before = await storage.list();
    records.begin(callOf("long"), BEGUN).add(upTo(MANY_TOKENS));
    await records.forget("long");
    expect(await storage.list()).toEqual(before);
  });
});

test("a sweep takes what is old and not needed, and tells whether anything is left", async () => {
  await withRecords(async (records, storage) => {
    for (const id of ["a", "b"]) records.begin(callOf(id), BEGUN).add(upTo(RECORD_IDS));
    expect(await records.sweep(0, () => false)).toBe(true);
    expect(await records.read("a")).not.toBeNull();
    const later = Date.now() + 1;
    expect(await records.sweep(later, (id) => id === "b")).toBe(true);
    expect([await records.read("a"), (await records.read("b"))?.tokens.ids.length]).toEqual([null, RECORD_IDS]);
    expect(await records.sweep(later, () => false)).toBe(false);
    expect((await storage.list()).size).toBe(0);
  });
});

test("a sweep of many never has more than a few of them in memory, since each may be large", async () => {
  await withRecords(async (records, storage) => {
    const ids = upTo(50).map((index) => `r${index}`);
    for (const id of ids) records.begin(callOf(id), BEGUN).end(true);
    const listed: number[] = [];
    const list = storage.list.bind(storage);
    vi.spyOn(storage, "list").mockImplementation(async (options) => {
      const page = await list(options);
      listed.push([...page.keys()].filter((key) => key.startsWith("call/")).length);
      return page as never;
    });
    const isNeeded = (id: string) => Number(id.slice(1)) % 3 === 0;
    expect(await records.sweep(Date.now() + 1, isNeeded)).toBe(true);
    expect(Math.max(...listed)).toBeLessThan(10);
    vi.restoreAllMocks();
    const kept = await records.calls("");
    expect(kept.map(({ call }) => call.id).sort()).toEqual(ids.filter(isNeeded).sort());
  });
});
