import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { tokenPathStorage } from "../../../functions/pipeline/token-path-storage.ts";

const UNCONFIRMED = { allowUnconfirmed: true };

/** Storage of an object of this test's own, guarded. */
async function guarded(work: (storage: DurableObjectStorage, stream: (on: boolean) => void) => Promise<void>) {
  await runInDurableObject(env.CONDUCTOR.getByName(crypto.randomUUID()), async (_, { storage }) => {
    let streaming = false;
    await work(
      tokenPathStorage(storage, () => streaming),
      (on) => {
        streaming = on;
      },
    );
  });
}

test("confirmed writes are refused while tokens stream, and named", async () => {
  await guarded(async (storage, stream) => {
    stream(true);
    const refused = (what: string) => `storage.${what} while tokens are on their way`;
    expect(() => storage.put("key", 1)).toThrow(refused("put"));
    expect(() => storage.put({ key: 1 })).toThrow(refused("put"));
    expect(() => storage.put("key", { allowUnconfirmed: true })).toThrow(refused("put"));
    expect(() => storage.delete("key")).toThrow(refused("delete"));
    expect(() => storage.setAlarm(Date.now() + 1000)).toThrow(refused("setAlarm"));
    expect(() => storage.sql.exec("SELECT 1")).toThrow(refused("sql"));
  });
});

test("reads and unconfirmed writes pass, and every write does between generations", async () => {
  await guarded(async (storage, stream) => {
    await storage.put("before", 1);
    stream(true);
    await storage.put("unconfirmed", 2, UNCONFIRMED);
    await storage.put({ several: 3 }, UNCONFIRMED);
    await storage.delete("before", UNCONFIRMED);
    await storage.sync();
    expect([...(await storage.list())]).toEqual([
      ["several", 3],
      ["unconfirmed", 2],
    ]);
    stream(false);
    await storage.delete("several");
    expect(await storage.get("several")).toBeUndefined();
  });
});
