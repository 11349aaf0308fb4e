import { expect, test } from "vitest";
import { request } from "./caller.ts";
import { expectFilesOf, expectNothingInline } from "./page-files.ts";

test("the operator's page lets nothing foreign or inline run, and every file that it names is there", async () => {
  const response = await request("/admin");
  const policy = response.headers.get("content-security-policy");
  expect(policy).toContain("default-src 'none'; script-src 'self'");
  expect(policy).not.toContain("unsafe");
  const page = await response.text();
  expectNothingInline(page);
  expect((await expectFilesOf(page)).size).toBeGreaterThan(7);
});
