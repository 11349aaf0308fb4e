import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { DEFAULT_LIMITS, NO_KEY_LIMITS, type TenantLimits } from "../../../functions/tenants/limits.ts";
import { sequenceReservation } from "../../../functions/tenants/reservation.ts";
import { CountingJudge, type Sequence } from "./counting-judge.ts";

const TENANTS = 5;
const CLIENTS_OF_A_TENANT = 100;
const KEYS = ["1", "2", "3"].map((digit) => digit.repeat(64));

/** Around the edges of a minute that began at the first round, of a day and of a month. */
const MIDNIGHT_MS = Date.UTC(2031, 1, 1);
const ROUNDS_MS = [0, 59_999, 60_000, 119_999, 120_000, 180_000, 180_001].map(
  (afterMs) => MIDNIGHT_MS - 120_000 + afterMs,
);

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

/** Repeatable numbers from 0 to `below`. */
function dice(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A tenant with clients that ask, answer and settle as chance has it; every answer of the ledger is judged. */
async function busyTenant(seed: number) {
  const roll = dice(seed);
  const limits: TenantLimits = {
    ...DEFAULT_LIMITS,
    requestsPerMinute: 120,
    tokensPerMinute: 6_000,
    tokensPerDay: 9_000,
    budgetMicrosPerMonth: 15_000,
    concurrency: 80,
  };
  const judge = new CountingJudge(limits);
  const ledger = env.LEDGER.getByName(crypto.randomUUID());
  await ledger.create({ limits });
  const own = [{}, { requestsPerMinute: 30, concurrency: 20 }, { tokensPerMinute: 1_500, budgetMicrosPerMonth: 4_000 }];
  const ids: string[] = [];
  for (const [index, secretSha256] of KEYS.entries()) {
    const key = await ledger.addKey({ secretSha256, label: "", expiresMs: null, limits: own[index]! });
    ids.push(key!.id);
    judge.keyLimits.set(secretSha256, { ...NO_KEY_LIMITS, ...own[index] });
  }

  let [asked, admitted] = [0, 0];
  const running: { id: string; sequences: readonly Sequence[] }[] = [];
  const wrong: object[] = [];

  const ask = async (nowMs: number) => {
    const secretSha256 = KEYS[roll(KEYS.length)]!;
    const sequences = Array.from({ length: 1 + roll(3) }, () => ({ promptTokens: roll(60), maxTokens: 0 }));
    const maxTokens = roll(80);
    const all = sequences.map(({ promptTokens }) => ({ promptTokens, maxTokens }));
    const id = `r-${asked++}`;
    judge.expire(nowMs);
    // Judged when it is sent: what one caller sends arrives in order.
    const fits = judge.fits(secretSha256, all, nowMs);
    if (fits) {
      judge.admit(id, secretSha256, all, nowMs);
      running.push({ id, sequences: all });
      admitted++;
    }
    const prompts = all.map(({ promptTokens }) => promptTokens);
    const promptTokens = prompts.reduce((sum, tokens) => sum + tokens, 0);
    const generation = { model: "a-model", promptTokens, sequences: prompts, maxTokens, roomTokens: 1_000 };
    const { outcome } = await ledger.reserve({ secretSha256, reservationId: id, generation });
    if ((outcome === "admitted") !== fits) wrong.push({ id, fits, outcome, all });
  };

  const settleOne = async () => {
    const { id, sequences } = running.splice(roll(running.length), 1)[0]!;
    const settling = sequences.map(({ promptTokens, maxTokens }, index) => {
      const completionTokens = roll(maxTokens + 1);
      judge.settle(id, index, completionTokens);
      return ledger.settle(sequenceReservation(id, index), { promptTokens, completionTokens });
    });
    await Promise.all(settling);
  };

  const changeLimits = async (nowMs: number) => {
    judge.expire(nowMs);
    if (roll(2) === 0) {
      const own = { requestsPerMinute: 1 + roll(60), tokensPerMinute: 500 + roll(2_000) };
      judge.keyLimits.set(KEYS[1]!, { ...judge.keyLimits.get(KEYS[1]!)!, ...own });
      await ledger.changeKey(ids[1]!, { limits: own });
    } else {
      const changed = {
        requestsPerMinute: 60 + roll(120),
        tokensPerMinute: 4_000 + roll(4_000),
        concurrency: 40 + roll(60),
      };
      judge.limits = { ...judge.limits, ...changed };
      await ledger.change({ limits: changed });
    }
  };

  return {
    ledger,
    judge,
    wrong,
    counts: () => ({ asked, admitted }),
    round: (nowMs: number) =>
      Promise.all(
        Array.from({ length: CLIENTS_OF_A_TENANT }, () => {
          if (roll(25) === 0) return changeLimits(nowMs);
          return running.length > 0 && roll(3) === 0 ? settleOne() : ask(nowMs);
        }),
      ),
    settleAll: async () => {
      while (running.length > 0) await settleOne();
    },
  };
}

test("500 clients of 5 tenants, limits changed in flight: never over, never refused with room left, sums exact", async () => {
  const tenants = await Promise.all(Array.from({ length: TENANTS }, (_, index) => busyTenant(index + 1)));
  for (const nowMs of ROUNDS_MS) {
    vi.setSystemTime(nowMs);
    await Promise.all(tenants.map(({ round }) => round(nowMs)));
  }
  for (const { ledger, judge, wrong, counts, settleAll } of tenants) {
    expect(wrong).toEqual([]);
    // Both happen often, so that neither "always" nor "never" would pass.
    const { asked, admitted } = counts();
    expect(admitted).toBeGreaterThan(100);
    expect(asked - admitted).toBeGreaterThan(100);
    await settleAll();
    const { usage } = await ledger.usage("2031-01-31", "2031-02-01");
    const sums = usage.reduce(
      ({ requests, tokens, micros }, row) => ({
        requests: requests + row.requests,
        tokens: tokens + row.promptTokens + row.completionTokens,
        micros: micros + row.costMicros,
      }),
      { requests: 0, tokens: 0, micros: 0 },
    );
    expect(sums).toEqual(judge.sums());
    expect(new Set(usage.map(({ day }) => day))).toEqual(new Set(["2031-01-31", "2031-02-01"]));
  }
}, 120_000);
