import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { LEDGER_MIGRATIONS } from "../../../functions/tenants/ledger-schema.ts";
import { reserveCall, SECRET_SHA256 } from "./fresh-ledger.ts";

test("a ledger from before versions keeps its tenant, keys and minute", async () => {
  const ledger = env.LEDGER.getByName(crypto.randomUUID());
  const nowMs = Date.now();
  await runInDurableObject(ledger, async (_, { storage }) => {
    for (const table of ["keys", "admissions", "usage", "refusals", "tenant", "schema_version"])
      storage.sql.exec(`DROP TABLE ${table}`);
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

test("tables from newer code are refused rather than misread", async () => {
  const ledger = env.LEDGER.getByName(crypto.randomUUID());
  await runInDurableObject(ledger, (_, { storage }) => void storage.sql.exec("UPDATE schema_version SET version = 99"));
  await evictDurableObject(ledger);
  await expect(Promise.resolve(ledger.describe())).rejects.toThrow("deploy the newer code again");
});
