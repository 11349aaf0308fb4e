import { describe, expect, test } from "vitest";
import { mintKey, secretsEqual, verifyKey } from "../../../functions/tenants/key.ts";

const SECRET = "a secret of at least thirty-two bytes";

describe("an API key", () => {
  test("is verified by its own check alone", () => {
    const { key, secretSha256 } = mintKey("acme-2", SECRET);
    expect(key).toMatch(/^lap_acme-2_[0-9a-f]{64}_[0-9a-f]{24}$/);
    expect(verifyKey(key, SECRET)).toEqual({ tenant: "acme-2", secretSha256 });
  });

  test("fails with any character changed", () => {
    const { key } = mintKey("acme", SECRET);
    for (let at = 4; at < key.length; at++) {
      const changed = key.slice(0, at) + (key[at] === "a" ? "b" : "a") + key.slice(at + 1);
      expect(verifyKey(changed, SECRET)).toBeUndefined();
    }
  });

  test("of another deployment fails", () => {
    expect(verifyKey(mintKey("acme", SECRET).key, `${SECRET}!`)).toBeUndefined();
  });

  test("of a tenant does not pass for another whose name it continues", () => {
    const { key } = mintKey("a", SECRET);
    expect(verifyKey(key.replace("lap_a_", "lap_a-b_"), SECRET)).toBeUndefined();
  });

  test("holds another secret each time", () => {
    expect(mintKey("acme", SECRET).key).not.toBe(mintKey("acme", SECRET).key);
  });
});

test("secrets are equal only as a whole", () => {
  expect(secretsEqual(SECRET, SECRET)).toBe(true);
  expect(secretsEqual(SECRET.slice(1), SECRET)).toBe(false);
  expect(secretsEqual("", SECRET)).toBe(false);
});
