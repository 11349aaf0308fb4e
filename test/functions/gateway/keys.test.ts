import { expect, test } from "vitest";
import { callerWith, errorOf, newCaller } from "./caller.ts";
import { operate, operateJson } from "./operator.ts";

interface Key {
  id: string;
  key: string;
  state: string;
  label: string;
  expiresAt: string | null;
  lastUsedAt: string | null;
  replaces: string | null;
}

const status = async (key: string) => (await callerWith(key).get("/v1/models")).status;
const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();

async function newKeys() {
  const { tenant, key } = await newCaller();
  const path = `/tenants/${tenant}/keys`;
  const list = async () => (await operateJson<{ keys: Key[] }>("GET", path)).keys;
  return { key, path, list, first: (await list())[0]! };
}

test("a tenant has several keys, listed without their secrets", async () => {
  const { key, path, list } = await newKeys();
  const response = await operate("POST", path, { label: "laptop" });
  expect(response.status).toBe(201);
  const second = await response.json<Key>();
  expect([await status(key), await status(second.key)]).toEqual([200, 200]);
  const listed = await list();
  expect(listed.map(({ label }) => label)).toEqual(["", "laptop"]);
  expect(listed.every(({ lastUsedAt }) => lastUsedAt !== null)).toBe(true);
  for (const secret of [key, second.key]) expect(JSON.stringify(listed)).not.toContain(secret.split("_")[2]);
});

test("a revoked key lets nobody in, at once; the others work on", async () => {
  const { key, path, list, first } = await newKeys();
  const other = await operateJson<Key>("POST", path);
  expect((await operate("DELETE", `${path}/${first.id}`)).status).toBe(200);
  expect([await status(key), await status(other.key)]).toEqual([401, 200]);
  expect((await list()).map(({ state }) => state)).toEqual(["revoked", "live"]);
});

test("a key works until it expires, and says so after", async () => {
  const { path } = await newKeys();
  const expiring = await operateJson<Key>("POST", path, { expiresAt: inSeconds(3600) });
  expect(await status(expiring.key)).toBe(200);
  await operate("PATCH", `${path}/${expiring.id}`, { expiresAt: inSeconds(-1) });
  const refused = await errorOf(await callerWith(expiring.key).get("/v1/models"));
  expect(refused).toMatchObject({ status: 401, code: "invalid_api_key", message: expect.stringContaining("expired") });
  await operate("PATCH", `${path}/${expiring.id}`, { expiresAt: "never" });
  expect(await status(expiring.key)).toBe(200);
});

test("a key that has expired already is not made", async () => {
  const { path, list } = await newKeys();
  const refused = await errorOf(await operate("POST", path, { expiresAt: inSeconds(-1) }));
  expect(refused).toMatchObject({ status: 400, param: "expiresAt" });
  expect(await list()).toHaveLength(1);
});

test("a rotated key works on for its grace, the new one at once", async () => {
  const { key, path, list, first } = await newKeys();
  await operate("PATCH", `${path}/${first.id}`, { label: "robot" });
  const rotated = await operateJson<Key>("POST", `${path}/${first.id}/rotate`, { graceSeconds: 600 });
  expect(rotated).toMatchObject({ label: "robot", replaces: first.id, expiresAt: null, state: "live" });
  expect([await status(key), await status(rotated.key)]).toEqual([200, 200]);
  const graceMs = Date.parse((await list())[0]!.expiresAt!) - Date.now();
  expect(graceMs).toBeGreaterThan(590_000);
  expect(graceMs).toBeLessThanOrEqual(600_000);

  const again = await operateJson<Key>("POST", `${path}/${rotated.id}/rotate`, { graceSeconds: 0 });
  expect([await status(rotated.key), await status(again.key)]).toEqual([401, 200]);
});

test("a key that works no longer cannot be rotated", async () => {
  const { path, first } = await newKeys();
  await operate("DELETE", `${path}/${first.id}`);
  const refused = await errorOf(await operate("POST", `${path}/${first.id}/rotate`));
  expect(refused).toMatchObject({ status: 404, code: "key_not_found" });
});

test("a tenant cannot hold more working keys than a tenant may", async () => {
  const { path, first } = await newKeys();
  for (let made = 1; made < 256; made++) await operate("POST", path);
  expect(await errorOf(await operate("POST", path))).toMatchObject({ status: 409, code: "too_many_keys" });
  expect(await errorOf(await operate("POST", `${path}/${first.id}/rotate`))).toMatchObject({ status: 409 });
  await operate("DELETE", `${path}/${first.id}`);
  expect((await operate("POST", path)).status).toBe(201);
});
