import { describe, expect, test } from "vitest";
import { Admission, type Seat } from "../../../functions/pipeline/admission.ts";
import { KvRoom, sumOf } from "../../../functions/pipeline/kv-room.ts";
import { PrefixCache } from "../../../functions/pipeline/prefix-cache.ts";
import { Replicas, type Route } from "../../../functions/pipeline/replicas.ts";
import { SessionPages } from "../../../functions/pipeline/shared-pages.ts";
import { KvPages, type KvShape } from "../../../runtime/simd/kv-pages.ts";
import { KvPool, type KvPoolShape } from "../../../runtime/simd/kv-pool.ts";
import { mostWindowPages, poolTableBytes } from "../../../weights/kv-window.ts";
import { choices } from "../faults/kills.ts";

const KV_TOKENS = 640;
const CHUNK_ROWS = 16;
const SHAPE: KvShape = { pages: KV_TOKENS / 32, contextTokens: 512 };
const POOL: KvPoolShape = { pages: SHAPE.pages, pageBytes: 16, slots: SHAPE.pages, slotPages: 16, window: null };
const WINDOW_POOL_OFFSET = 1 << 15;
const staying = new AbortController().signal;

/** What the layers with a window see, and have room for; without such layers, nothing. */
interface Windows {
  readonly window: number | null;
  readonly kvWindowTokens: number;
}

const NO_WINDOWS: Windows = { window: null, kvWindowTokens: KV_TOKENS };

/** The page book-keeping of one replica, as the simd engine has it, by the conductor's session numbers. */
class StagePages {
  readonly kv: KvPages;
  readonly #slots = new Map<number, number>();

  constructor({ window, kvWindowTokens }: Windows) {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
    const all = new KvPool(POOL, memory, 0, poolTableBytes(POOL));
    if (window === null) {
      this.kv = new KvPages(SHAPE, { all, window: null });
      return;
    }
    const slotPages = mostWindowPages(window, CHUNK_ROWS);
    const pool = { ...POOL, pages: kvWindowTokens / 32, slotPages, window };
    const tables = WINDOW_POOL_OFFSET + pool.pages * pool.pageBytes;
    this.kv = new KvPages(SHAPE, { all, window: new KvPool(pool, memory, tables, WINDOW_POOL_OFFSET) });
  }

  open(session: number): void {
    this.#slots.set(session, this.kv.open());
  }

  fork(from: number, session: number, tokens: number): void {
    this.#slots.set(session, this.kv.fork(this.#slots.get(from)!, tokens));
  }

  /** Throws when there is no page left. */
  feed(session: number, rows: number): void {
    this.kv.reserve(this.#slots.get(session)!, rows);
    this.kv.commit(this.#slots.get(session)!, rows);
  }

  end(session: number): void {
    this.kv.close(this.#slots.get(session)!);
    this.#slots.delete(session);
  }
}

/** One stage of two replicas. */
function pipeline(limitTokens = KV_TOKENS, windows = NO_WINDOWS) {
  const stages = [new StagePages(windows), new StagePages(windows)];
  const at = ([replica]: Route) => stages[replica!]!;
  let next = 0;
  const room = new KvRoom({ kvTokens: KV_TOKENS, chunkRows: CHUNK_ROWS, ...windows });
  const replicas = new Replicas(1, stages.length, room);
  const ring = {
    fork(route: Route, from: number, tokens: number) {
      at(route).fork(from, next, tokens);
      return next++;
    },
    end: (route: Route, session: number) => at(route).end(session),
  };
  const prefixes = new PrefixCache(ring, replicas, limitTokens);
  const admission = new Admission(replicas, prefixes, 16);

  /** A session that feeds its prompt, as RingSession does. */
  const begin = (shareKey: string, ids: readonly number[], seat: Seat) => {
    const { route, claim, prefixPlaces } = seat;
    const session = claim?.session ?? next++;
    if (claim === null) at(route).open(session);
    const pages = claim?.pages ?? new SessionPages();
    let fed = claim?.tokens ?? 0;
    const feed = (end: number) => {
      prefixes.slide(route, pages, end);
      at(route).feed(session, end - fed);
      fed = end;
    };
    while (fed < ids.length) {
      const place = prefixPlaces.find((tokens) => tokens > fed) ?? ids.length;
      feed(Math.min(fed + CHUNK_ROWS, ids.length, place));
      if (prefixPlaces.includes(fed)) prefixes.keep({ shareKey, ids: ids.slice(0, fed) }, route, session, pages);
    }
    prefixes.keep({ shareKey, ids }, route, session, pages);
    let known = [...ids];
    return {
      seat,
      draw(id: number): void {
        feed(fed + 1);
        known = [...known, id];
      },
      /** With a row on its way whose answer nobody waits for any more, or not. */
      end(how: "kept" | "cut off" | "failed"): void {
        if (how === "cut off" && fed < seat.tokens) feed(fed + 1);
        if (how !== "failed") prefixes.keep({ shareKey, ids: known }, route, session, pages);
        at(route).end(session);
        prefixes.unpin(route, pages);
        admission.release(seat);
      },
    };
  };
  return { stages, room, replicas, prefixes, admission, begin };
}

const asking = (shareKey: string, ids: readonly number[], answer: number) => ({
  tokens: ids.length + answer,
  prefix: { shareKey, ids },
});

const text = (first: number, count: number) => Array.from({ length: count }, (_, index) => first + index);

const WINDOWS: readonly Windows[] = [
  NO_WINDOWS,
  { window: 1, kvWindowTokens: 96 },
  { window: 33, kvWindowTokens: 160 },
  { window: 40, kvWindowTokens: 320 },
  { window: 64, kvWindowTokens: KV_TOKENS },
  { window: 200, kvWindowTokens: 384 },
];

describe.each(WINDOWS)("a window of $window over room for $kvWindowTokens tokens", (windows) => {
  test("sessions and prefixes never take more pages than there are, and the count of cached ones is exact", async () => {
    const { stages, room, replicas, prefixes, admission, begin } = pipeline(KV_TOKENS, windows);
    const choose = choices(7);
    const beginnings = [
      text(0, 40),
      text(1000, 70),
      text(2000, 128),
      [...text(0, 36), ...text(5000, 60)],
      text(3000, 300),
    ];
    const running: ReturnType<typeof begin>[] = [];
    const taken = ({ kv }: StagePages) => ({
      all: KV_TOKENS - kv.freeTokens,
      window: kv.freeWindowTokens === null ? 0 : windows.kvWindowTokens - kv.freeWindowTokens,
    });
    const promised = (replica: number) => {
      const { reserved, cached } = replicas.at({ group: 0, replica });
      return { reserved, cached };
    };
    for (let turn = 0; turn < 3000; turn++) {
      const ids = [...choose(beginnings), ...text(choose([0, 7, 100]) + 10_000, choose([1, 5, 31, 32, 33, 64]))];
      const answer = choose([1, 8, 40, 100]);
      const shareKey = choose(["a", "b"]);
      const needed = room.needs(ids.length + answer);
      const fits = [0, 1].some((replica) => room.holds(sumOf(promised(replica).reserved, needed)));
      if (fits && running.length < 12) {
        const session = begin(shareKey, ids, await admission.admit(asking(shareKey, ids, answer), staying));
        for (let drawn = 1; drawn < answer; drawn++) session.draw(20_000 + drawn);
        running.push(session);
      } else running.splice(running.indexOf(choose(running)), 1)[0]!.end(choose(["kept", "kept", "cut off", "failed"]));
      if (choose(text(0, 200)) === 0) prefixes.lose({ group: 0, replica: choose([0, 1]) });
      for (const [replica, stage] of stages.entries()) {
        const { reserved, cached } = promised(replica);
        expect(room.holds(sumOf(reserved, cached))).toBe(true);
        const [most, found] = [sumOf(reserved, cached), taken(stage)];
        expect(found.all).toBeLessThanOrEqual(most.all);
        expect(found.window).toBeLessThanOrEqual(most.window);
      }
    }
    expect(prefixes.counts.hits).toBeGreaterThan(100);
    for (const session of running.splice(0)) session.end("kept");
    for (const [replica, stage] of stages.entries())
      expect(promised(replica)).toEqual({ reserved: { all: 0, window: 0 }, cached: taken(stage) });
    prefixes.clear();
    expect(stages.map(taken)).toEqual(stages.map(() => ({ all: 0, window: 0 })));
    expect([0, 1].map((replica) => promised(replica).cached)).toEqual(stages.map(() => ({ all: 0, window: 0 })));
  });
});

test("the least recently used goes first, and no replica keeps more than the limit", async () => {
  const { replicas, admission, begin } = pipeline(128);
  const run = async (ids: readonly number[]) => {
    const session = begin("a", ids, await admission.admit(asking("a", ids, 1), staying));
    session.end("kept");
    return session.seat;
  };
  const [old, recent] = [text(0, 65), text(1000, 65)];
  const { route } = await run(old);
  await run(recent);
  // Of one replica's 128, since it is the first with nothing reserved.
  expect((await run(recent)).route).toEqual(route);
  expect((await run(old)).claim).toMatchObject({ tokens: 64 });
  await run(text(2000, 65));
  expect((await run(recent)).claim).toBeNull();
  expect(replicas.at({ group: 0, replica: route[0]! }).cached.all).toBe(128);
});

test("a prefix is not left for less than a page, and the last id is always computed", async () => {
  const { admission, begin } = pipeline();
  const ids = text(0, 64);
  begin("a", ids, await admission.admit(asking("a", ids, 1), staying)).end("kept");
  expect((await admission.admit(asking("a", ids, 1), staying)).claim).toMatchObject({ tokens: 63 });
  expect((await admission.admit(asking("a", ids.slice(0, 33), 1), staying)).claim).toMatchObject({ tokens: 32 });
  expect((await admission.admit(asking("a", ids.slice(0, 32), 1), staying)).claim).toBeNull();
  expect((await admission.admit(asking("b", ids, 1), staying)).claim).toBeNull();
});

test("what prompts share but for a last part shorter than the window is mostly taken over by the second of them", async () => {
  const { admission, begin } = pipeline(KV_TOKENS, { window: 200, kvWindowTokens: 384 });
  const ids = text(0, 300);
  const seat = await admission.admit(asking("a", ids, 1), staying);
  expect(seat.prefixPlaces).toEqual([224]);
  begin("a", ids, seat).end("kept");
  for (const [common, tokens] of [
    [290, 288],
    [262, 224],
    [200, 200],
  ] as const) {
    const other = [...text(0, common), 7, 8, 9];
    const session = begin("a", other, await admission.admit(asking("a", other, 1), staying));
    expect(session.seat.claim, `${common}`).toMatchObject({ tokens });
    session.end("failed");
  }
});

describe("a window of 40", () => {
  const windows = { window: 40, kvWindowTokens: KV_TOKENS };
  const longIds = text(0, 320);
  /** Keeps 320 ids whose windows have left behind all but the last 64, too short to keep anything on the way. */
  const kept = async () => {
    const { admission, begin, ...rest } = pipeline(KV_TOKENS, windows);
    begin("a", longIds, await admission.admit(asking("a", longIds, 1), staying)).end("kept");
    const claimed = async (ids: readonly number[]) => {
      const session = begin("a", ids, await admission.admit(asking("a", ids, 1), staying));
      session.end("failed");
      return session.seat.claim?.tokens ?? 0;
    };
    return { ...rest, claimed };
  };

  test("a prompt goes on at the end of a kept one, and as far before as its pages show", async () => {
    const { claimed } = await kept();
    expect(await claimed([...longIds, 7, 8])).toBe(320);
    expect(await claimed(longIds)).toBe(319);
    expect(await claimed([...text(0, 295), 7, 8])).toBe(295);
    expect(await claimed([...text(0, 294), 7, 8])).toBe(0);
  });

  test("what parts from it earlier is computed once, and from then on begun with", async () => {
    const { claimed } = await kept();
    expect(await claimed([...text(0, 250), 7, 8])).toBe(0);
    expect(await claimed([...text(0, 250), 9, 9])).toBe(224);
    expect(await claimed([...text(0, 230), 9, 9])).toBe(224);
    expect(await claimed([...longIds, 7])).toBe(320);
  });

  test("a short one is entered anywhere", async () => {
    const { admission, begin } = pipeline(KV_TOKENS, windows);
    const ids = text(0, 64);
    begin("a", ids, await admission.admit(asking("a", ids, 1), staying)).end("kept");
    expect((await admission.admit(asking("a", [...text(0, 45), 7], 1), staying)).claim).toMatchObject({ tokens: 45 });
  });
});

test("a session whose windows take more than a stage has is refused", async () => {
  const { admission } = pipeline(KV_TOKENS, { window: 64, kvWindowTokens: 96 });
  await expect(admission.admit(asking("a", text(0, 400), 1), staying)).rejects.toThrow(
    /windows of a session of 401 tokens take 128, a stage has KV cache for 96 \(LAPIDARY_KV_WINDOW_TOKENS\)/,
  );
});
