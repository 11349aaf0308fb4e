import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Ledger } from "../../../functions/objects/ledger.ts";
import { verifyKey } from "../../../functions/tenants/key.ts";
import { DEFAULT_LIMITS, type KeyLimits, NO_KEY_LIMITS, type TenantLimits } from "../../../functions/tenants/limits.ts";
import { CountingJudge } from "../tenants/counting-judge.ts";
import { callerWith, KEY_SECRET, MODEL, newCaller } from "./caller.ts";
import { operate, operateJson } from "./operator.ts";

const TENANTS = 5;
const CLIENTS_OF_A_TENANT = 100;
const COMPLETIONS = "/v1/completions";
/** The edges of a minute that began with the first round, and of a day. */
const MIDNIGHT_MS = Date.UTC(2031, 1, 1);
const ROUNDS_MS = [0, 59_999, 60_000].map((afterMs) => MIDNIGHT_MS - 60_000 + afterMs);
const LIMITS: TenantLimits = {
  ...DEFAULT_LIMITS,
  requestsPerMinute: 60,
  tokensPerMinute: 1_200,
  tokensPerDay: 1_800,
  budgetMicrosPerMonth: 6_000,
  concurrency: 20,
};
const OWN_LIMITS: KeyLimits = { ...NO_KEY_LIMITS, requestsPerMinute: 25, concurrency: 10 };

interface Usage {
  readonly prompt_tokens: number;
  readonly total_tokens: number;
}

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Repeatable numbers from 0 to `below`. */
function dice(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Has each tenant's judge hear what its ledger hears, in the same order; what the two decide differently is `wrong`. */
function judged(judges: ReadonlyMap<string, CountingJudge>) {
  const wrong: object[] = [];
  const outcomes: string[] = [];
  const { reserve, settle, change, changeKey } = Ledger.prototype;
  const judgeOf = (ledger: Ledger) =>
    judges.get((ledger as unknown as { ctx: DurableObjectState }).ctx.id.name!) ?? new CountingJudge(LIMITS);
  vi.spyOn(Ledger.prototype, "reserve").mockImplementation(function (this: Ledger, call) {
    const answer = reserve.call(this, call);
    const { secretSha256, reservationId, generation } = call;
    const judge = judgeOf(this);
    const sequences = generation!.sequences!.map((promptTokens) => ({
      promptTokens,
      maxTokens: generation!.maxTokens!,
    }));
    const fits = judge.fits(secretSha256, sequences, Date.now());
    if (fits) judge.admit(reservationId, secretSha256, sequences, Date.now());
    if (answer.outcome !== (fits ? "admitted" : "limited")) wrong.push({ fits, answer });
    outcomes.push(answer.outcome);
    return answer;
  });
  vi.spyOn(Ledger.prototype, "settle").mockImplementation(function (this: Ledger, leaseId, used, done) {
    const [id = "", index = "0"] = leaseId.split("/");
    judgeOf(this).settle(id, Number(index), used.completionTokens, used.promptTokens);
    settle.call(this, leaseId, used, done);
  });
  vi.spyOn(Ledger.prototype, "change").mockImplementation(function (this: Ledger, changes) {
    const judge = judgeOf(this);
    judge.limits = { ...judge.limits, ...(changes.limits as Partial<TenantLimits>) };
    return change.call(this, changes);
  });
  vi.spyOn(Ledger.prototype, "changeKey").mockImplementation(function (this: Ledger, id, changes) {
    const { keyLimits } = judgeOf(this);
    const [, second] = keyLimits.keys();
    keyLimits.set(second!, { ...keyLimits.get(second!)!, ...(changes.limits as Partial<KeyLimits>) });
    return changeKey.call(this, id, changes);
  });
  return { wrong, outcomes };
}

/** A tenant with two keys, clients that ask over HTTP as chance has it, and an operator that changes its limits meanwhile. */
async function busyTenant(seed: number) {
  const roll = dice(seed);
  const { tenant, key: first } = await newCaller(LIMITS);
  const path = `/tenants/${tenant}`;
  const made = await operateJson<{ id: string; key: string }>("POST", `${path}/keys`, { limits: OWN_LIMITS });
  const judge = new CountingJudge(LIMITS);
  const hashOf = (key: string) => verifyKey(key, KEY_SECRET)!.secretSha256;
  judge.keyLimits.set(hashOf(first), NO_KEY_LIMITS);
  judge.keyLimits.set(hashOf(made.key), OWN_LIMITS);
  const callers = [callerWith(first), callerWith(made.key)];
  let counted = 0;
  const statuses: number[] = [];
  const odd: object[] = [];

  const ask = async () => {
    const prompt = Array.from({ length: 1 + roll(20) }, () => 2 + roll(200));
    const body = { model: MODEL, prompt, max_tokens: 1 + roll(3), n: 1 + roll(2), seed: roll(1000) };
    const response = await callers[roll(2)]!.post(COMPLETIONS, body);
    const answer = await response.json<{ usage: Usage; error: { limit: { retry_after_ms: number } } }>();
    statuses.push(response.status);
    if (response.status === 200) counted += answer.usage.total_tokens;
    // A pipeline that is full says so, and what it did not do is not charged.
    else if (response.status === 503) expect(answer.error).toMatchObject({ code: "out_of_capacity" });
    else if (response.status !== 429 || !(answer.error.limit.retry_after_ms > 0)) odd.push(answer);
  };
  const changeLimits = async () => {
    const limits = { requestsPerMinute: 40 + roll(60), tokensPerMinute: 600 + roll(1_200), concurrency: 10 + roll(21) };
    const { status } =
      roll(2) === 0
        ? await operate("PATCH", `${path}/keys/${made.id}`, { limits: { requestsPerMinute: 10 + roll(30) } })
        : await operate("PATCH", path, { limits });
    if (status !== 200) odd.push({ status });
  };
  return {
    tenant,
    judge,
    path,
    odd,
    statuses,
    counted: () => counted,
    round: () =>
      Promise.all(Array.from({ length: CLIENTS_OF_A_TENANT }, () => (roll(20) === 0 ? changeLimits() : ask()))),
  };
}

test("500 clients of 5 tenants over HTTP, limits changed in flight: never over, never refused with room left", async () => {
  vi.setSystemTime(ROUNDS_MS[0]!);
  const tenants = await Promise.all(Array.from({ length: TENANTS }, (_, index) => busyTenant(index + 1)));
  const { wrong, outcomes } = judged(new Map(tenants.map(({ tenant, judge }) => [tenant, judge])));
  for (const nowMs of ROUNDS_MS) {
    vi.setSystemTime(nowMs);
    await Promise.all(tenants.map(({ round }) => round()));
  }
  expect(wrong).toEqual([]);
  for (const { path, judge, odd, statuses, counted } of tenants) {
    expect(odd).toEqual([]);
    // Both happen often, so that neither "always" nor "never" would pass.
    const answered = statuses.filter((status) => status === 200).length;
    expect(answered).toBeGreaterThan(20);
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(20);
    const { usage } = await operateJson<{ usage: Record<string, number>[] }>(
      "GET",
      `${path}/usage?from=2031-01-31&to=2031-02-01`,
    );
    const sum = (field: string) => usage.reduce((total, row) => total + row[field]!, 0);
    expect(sum("promptTokens") + sum("completionTokens")).toBe(counted());
    expect({ requests: sum("requests"), tokens: counted(), micros: sum("costMicros") }).toEqual(judge.sums());
    expect(sum("requests")).toBe(statuses.filter((status) => status !== 429).length);
    expect(usage.map(({ day }) => day)).toContain("2031-02-01");
  }
  expect(outcomes.length).toBe(tenants.reduce((sum, { statuses }) => sum + statuses.length, 0));
}, 120_000);
