import { expect, test } from "vitest";
import { Admission, type Seat } from "../../../functions/pipeline/admission.ts";
import { PrefixCache, type SharedPage } from "../../../functions/pipeline/prefix-cache.ts";
import { Replicas, type Route } from "../../../functions/pipeline/replicas.ts";
import { KvPages, type KvShape } from "../../../runtime/simd/kv-pages.ts";
import { KvPool, type KvPoolShape, poolTableBytes } from "../../../runtime/simd/kv-pool.ts";
import { choices } from "../faults/kills.ts";

const KV_TOKENS = 640;
const SHAPE: KvShape = { pages: KV_TOKENS / 32, contextTokens: 512 };
const POOL: KvPoolShape = { pages: SHAPE.pages, pageBytes: 16, slots: SHAPE.pages, slotPages: 16, window: null };
const staying = new AbortController().signal;

/** The page book-keeping of one replica, as the simd engine has it, by the conductor's session numbers. */
class StagePages {
  readonly kv: KvPages;
  readonly #slots = new Map<number, number>();

  constructor() {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
    this.kv = new KvPages(SHAPE, { all: new KvPool(POOL, memory, 0, poolTableBytes(POOL)), window: null });
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
function pipeline(limitTokens = KV_TOKENS) {
  const stages = [new StagePages(), new StagePages()];
  const at = ([replica]: Route) => stages[replica!]!;
  let next = 0;
  const replicas = new Replicas(1, stages.length, KV_TOKENS);
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
    const { route, claim } = seat;
    const session = claim?.session ?? next++;
    if (claim === null) at(route).open(session);
    const pages: SharedPage[] = [...(claim?.pages ?? [])];
    at(route).feed(session, ids.length - (claim?.tokens ?? 0));
    prefixes.keep({ shareKey, ids }, route, session, pages);
    let fed = [...ids];
    return {
      seat,
      draw(id: number): void {
        at(route).feed(session, 1);
        fed = [...fed, id];
      },
      end(how: "kept" | "failed"): void {
        if (how === "kept") prefixes.keep({ shareKey, ids: fed }, route, session, pages);
        at(route).end(session);
        prefixes.unpin(route, pages);
        admission.release(seat);
      },
    };
  };
  return { stages, replicas, prefixes, admission, begin };
}

const asking = (shareKey: string, ids: readonly number[], answer: number) => ({
  tokens: ids.length + answer,
  prefix: { shareKey, ids },
});

const text = (first: number, count: number) => Array.from({ length: count }, (_, index) => first + index);

test("sessions and prefixes never take more pages than there are, and the count of cached ones is exact", async () => {
  const { stages, replicas, prefixes, admission, begin } = pipeline();
  const choose = choices(7);
  const beginnings = [text(0, 40), text(1000, 70), text(2000, 128), [...text(0, 36), ...text(5000, 60)]];
  const running: ReturnType<typeof begin>[] = [];
  for (let turn = 0; turn < 3000; turn++) {
    const ids = [...choose(beginnings), ...text(choose([0, 7, 100]) + 10_000, choose([1, 5, 31, 32, 33, 64]))];
    const answer = choose([1, 8, 40, 100]);
    const shareKey = choose(["a", "b"]);
    const fits = [0, 1].some(
      (replica) => replicas.at({ group: 0, replica }).reservedTokens + ids.length + answer + 32 <= KV_TOKENS,
    );
    if (fits && running.length < 12) {
      const session = begin(shareKey, ids, await admission.admit(asking(shareKey, ids, answer), staying));
      for (let drawn = 1; drawn < answer; drawn++) session.draw(20_000 + drawn);
      running.push(session);
    } else running.splice(running.indexOf(choose(running)), 1)[0]!.end(choose(["kept", "kept", "kept", "failed"]));
    if (choose(text(0, 200)) === 0) prefixes.lose({ group: 0, replica: choose([0, 1]) });
    for (const [replica, { kv }] of stages.entries()) {
      const { reservedTokens, cachedTokens } = replicas.at({ group: 0, replica });
      expect(reservedTokens + cachedTokens).toBeLessThanOrEqual(KV_TOKENS);
      expect(KV_TOKENS - kv.freeTokens).toBeLessThanOrEqual(reservedTokens + cachedTokens);
    }
  }
  expect(prefixes.counts.hits).toBeGreaterThan(100);
  for (const session of running.splice(0)) session.end("kept");
  for (const [replica, { kv }] of stages.entries())
    expect(replicas.at({ group: 0, replica })).toMatchObject({
      reservedTokens: 0,
      cachedTokens: KV_TOKENS - kv.freeTokens,
    });
  prefixes.clear();
  expect(stages.map(({ kv }) => kv.freeTokens)).toEqual([KV_TOKENS, KV_TOKENS]);
  expect([0, 1].map((replica) => replicas.at({ group: 0, replica }).cachedTokens)).toEqual([0, 0]);
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
  expect(replicas.at({ group: 0, replica: route[0]! }).cachedTokens).toBe(128);
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
