import { expect, test } from "vitest";
import { WeightsError } from "../../weights/errors.ts";
import { fuzz, readOnce } from "./fuzz.ts";
import { targets } from "./targets.ts";

const COUNT = 4000;

test(`${COUNT} damaged files are read or refused with a WeightsError, in bounded time and memory`, async () => {
  const { failures, accepted, refused } = await fuzz({ seed: 20_261, count: COUNT });
  expect(failures).toEqual([]);
  // Both happen often, or the damage says nothing.
  expect(accepted).toBeGreaterThan(COUNT / 50);
  expect(refused).toBeGreaterThan(COUNT / 3);
});

test.each(targets())("$name: the undamaged file is read", async (target) => {
  expect(await readOnce(target, target.whole)).toMatchObject({ what: null, refused: false });
});

test("the harness sees crashes, large buffers and refusals", async () => {
  const file = new Uint8Array(10);
  const what = async (read: () => unknown) => (await readOnce({ read }, file)).what;
  expect(await what(() => undefined)).toBeNull();
  expect(await what(() => (undefined as unknown as { x: 1 }).x)).toMatch(/TypeError/);
  expect(await what(() => new Float32Array(1 << 20))).toBe("a buffer of 4194304 bytes for a file of 10");
  expect(await what(() => Promise.reject(new WeightsError("")))).toBe("a WeightsError without a text");
  expect(await what(() => Promise.reject(new WeightsError("x")))).toBeNull();
});
