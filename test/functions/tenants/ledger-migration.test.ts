import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { LEDGER_MIGRATIONS } from "../../../functions/tenants/ledger-schema.ts";
import { reserveCall, SECRET_SHA256 } from "./fresh-ledger.ts";

const TABLES = [
  "keys",
  "admissions",
  "usage",
  "label_usage",
  "refusals",
  "tenant",
  "kept_generations",
  "schema_version",
];

/** A ledger whose tables are those of `version`, with what `fill` puts into them. */
async function ledgerOf(version: number, fill: (sql: SqlStorage) => void) {
  const ledger = env.LEDGER.getByName(crypto.randomUUID());
  await runInDurableObject(ledger, async (_, { storage: { sql } }) => {
    for (const table of TABLES) sql.exec(`DROP TABLE ${table}`);
    for (const step of LEDGER_MIGRATIONS.slice(0, version)) sql.exec(step);
    sql.exec("CREATE TABLE schema_version (version INTEGER NOT NULL)");
    sql.exec("INSERT INTO schema_version VALUES (?)", version);
    fill(sql);
  });
  await evictDurableObject(ledger);
  return ledger;
}

test("a ledger from before versions keeps its tenant, keys and minute", async () => {
  const ledger = env.LEDGER.getByName(crypto.randomUUID());
  const nowMs = Date.now();
  await runInDurableObject(ledger, async (_, { storage }) => {
    for (const table of TABLES) storage.sql.exec(`DROP TABLE ${table}`);
    storage.sql.exec(LEDGER_MIGRATIONS[0]!);
    const limits = { requestsPerMinute: 2, tokensPerMinute: 100, concurrency: 3, maxOutputTokens: 50 };
    storage.sql.exec("INSERT INTO limits VALUES (1, ?)", JSON.stringify(limits));
    storage.sql.exec("INSERT INTO keys VALUES (?, ?)", SECRET_SHA256, nowMs);
    storage.sql.exec("INSERT INTO admissions VALUES ('old', ?, 30, NULL)", nowMs);
  });
  await evictDurableObject(ledger);
  expect(await ledger.reserve(reserveCall())).toMatchObject({
    outcome: "admitted",
    rates: { limitRequests: 2, remainingRequests: 0, remainingTokens: 100 - 30 - 20 },
  });
  expect(await ledger.describe()).toMatchObject({ createdMs: nowMs, blocked: false, limits: { tokensPerDay: null } });
  expect(await ledger.listKeys()).toMatchObject([{ id: `key_${SECRET_SHA256.slice(0, 16)}`, expiresMs: null }]);
});

test("a ledger from before money and key limits keeps its rows, and rotated keys their line", async () => {
  const nowMs = Date.now();
  const today = new Date(nowMs).toISOString().slice(0, 10);
  const ledger = await ledgerOf(4, (sql) => {
    sql.exec("INSERT INTO tenant VALUES (1, ?, 0, ?)", JSON.stringify({ tokensPerDay: 1_000 }), nowMs);
    const key = "INSERT INTO keys VALUES (?, ?, ?, ?, NULL, NULL, NULL, ?)";
    sql.exec(key, "key_a", "a", "first", nowMs, "key_forgotten");
    sql.exec(key, "key_b", "b", "second", nowMs + 1, "key_a");
    sql.exec(key, "key_c", SECRET_SHA256, "third", nowMs + 2, "key_b");
    sql.exec("INSERT INTO usage VALUES (?, 'a-model', 'key_a', 2, 300, 40)", today);
    sql.exec("INSERT INTO usage VALUES (?, 'a-model', 'key_gone', 1, 50, 10)", today);
    sql.exec("INSERT INTO admissions VALUES ('runs', ?, 30, ?, 'key_b', 'a-model', 20, 1)", nowMs, nowMs + 60_000);
  });
  const holding = { requestsThisMinute: 1, tokensThisMinute: 30, microsThisMonth: 0, running: 1 };
  expect(await ledger.describe()).toMatchObject({ raise: null, aliases: {}, now: { ...holding, tokensToday: 430 } });
  const keys = await ledger.listKeys();
  expect(keys.map(({ id, rootId }) => [id, rootId])).toEqual([
    ["key_a", "key_a"],
    ["key_b", "key_a"],
    ["key_c", "key_a"],
  ]);
  expect(keys[2]).toMatchObject({ limits: { tokensPerDay: null }, now: { ...holding, tokensToday: 370 } });
  await ledger.settle("runs", { promptTokens: 20, completionTokens: 5 });
  expect((await ledger.usage(today, today)).usage).toEqual([
    {
      day: today,
      model: "a-model",
      keyId: "key_a",
      requests: 2,
      promptTokens: 300,
      cachedTokens: 0,
      completionTokens: 40,
      costMicros: 0,
    },
    {
      day: today,
      model: "a-model",
      keyId: "key_b",
      requests: 1,
      promptTokens: 20,
      cachedTokens: 0,
      completionTokens: 5,
      costMicros: 0,
    },
    {
      day: today,
      model: "a-model",
      keyId: "key_gone",
      requests: 1,
      promptTokens: 50,
      cachedTokens: 0,
      completionTokens: 10,
      costMicros: 0,
    },
  ]);
  expect(await ledger.reserve(reserveCall())).toMatchObject({ outcome: "admitted", weight: 1 });
});

test("a ledger from before metadata keeps what was used by users, and settles what still runs for one", async () => {
  const nowMs = Date.now();
  const today = new Date(nowMs).toISOString().slice(0, 10);
  const ledger = await ledgerOf(6, (sql) => {
    const admission = "INSERT INTO admissions VALUES (?, ?, 30, ?, 'key_a', 'a-model', 20, 1, 'key_a', 100, ?)";
    sql.exec(admission, "for-ann", nowMs, nowMs + 60_000, "ann");
    sql.exec(admission, "for-nobody", nowMs, nowMs + 60_000, "");
    sql.exec("INSERT INTO user_usage VALUES (?, 'ann', 2, 300, 5, 40, 70)", today);
  });
  for (const id of ["for-ann", "for-nobody"]) await ledger.settle(id, { promptTokens: 20, completionTokens: 5 });
  expect(await ledger.usageByLabel("users", today, today)).toMatchObject([
    { value: "ann", requests: 3, promptTokens: 320, cachedTokens: 5, completionTokens: 45 },
  ]);
  expect(await ledger.usageByLabel("metadata", today, today)).toEqual([]);
});

test("tables from newer code are refused rather than misread", async () => {
  const ledger = env.LEDGER.getByName(crypto.randomUUID());
  await runInDurableObject(ledger, (_, { storage }) => void storage.sql.exec("UPDATE schema_version SET version = 99"));
  await evictDurableObject(ledger);
  await expect(Promise.resolve(ledger.describe())).rejects.toThrow("deploy the newer code again");
});
