import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { api } from "../../../functions/api.ts";
import { ADMIN_KEY, newCaller } from "./caller.ts";
import { operate, operateJson } from "./operator.ts";

interface Audit {
  entries: { id: number; action: string; tenant: string; detail: object; status: number; admin: string }[];
}

const entriesOf = async (tenant: string) =>
  (await operateJson<Audit>("GET", "/audit?limit=1000")).entries.filter((entry) => entry.tenant === tenant);

test("the audit log says what operators did and how it ended, newest first, without secrets", async () => {
  const { tenant, key } = await newCaller();
  await operate("PATCH", `/tenants/${tenant}`, { limits: { concurrency: 2 } });
  const { key: second } = await operateJson<{ key: string }>("POST", `/tenants/${tenant}/keys`, { label: "two" });
  await operate("DELETE", `/tenants/${tenant}/keys/key_none`);
  const entries = await entriesOf(tenant);
  expect(entries.map(({ action, status }) => [action, status])).toEqual([
    ["DELETE /admin/v1/tenants/:tenant/keys/:key", 404],
    ["POST /admin/v1/tenants/:tenant/keys", 201],
    ["PATCH /admin/v1/tenants/:tenant", 200],
    ["POST /admin/v1/tenants", 201],
  ]);
  expect(entries[2]!.detail).toEqual({ limits: { concurrency: 2 } });
  for (const secret of [key, second]) expect(JSON.stringify(entries)).not.toContain(secret.split("_")[2]);
});

test("two admin keys let in while operators change over, and the log tells them apart", async () => {
  const next = "another-admin-key-of-at-least-32-bytes";
  const rotating = { ...env, LAPIDARY_ADMIN_KEY: next, LAPIDARY_ADMIN_KEY_PREVIOUS: ADMIN_KEY };
  const patch = (key: string, bindings: object, tenant: string) =>
    api.fetch(
      new Request(`https://lapidary.test/admin/v1/tenants/${tenant}`, {
        method: "PATCH",
        headers: { authorization: `Bearer ${key}` },
        body: "{}",
      }),
      bindings,
      createExecutionContext(),
    );
  const { tenant } = await newCaller();
  expect((await patch(next, rotating, tenant)).status).toBe(200);
  expect((await patch(ADMIN_KEY, rotating, tenant)).status).toBe(200);
  expect((await patch(ADMIN_KEY, { ...rotating, LAPIDARY_ADMIN_KEY_PREVIOUS: undefined }, tenant)).status).toBe(401);
  expect((await entriesOf(tenant)).map(({ admin }) => admin)).toEqual(["previous", "current", "current"]);
});
