import { expect, test } from "vitest";
import { request } from "./caller.ts";
import { expectFilesOf, expectNothingInline } from "./page-files.ts";

test("the chat page needs no key, and its policy lets nothing foreign or inline run", async () => {
  const response = await request("/");
  expect(response.headers.get("content-type")).toMatch(/^text\/html/);
  const policy = response.headers.get("content-security-policy");
  expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
  expect(policy).not.toContain("unsafe");
  const page = await response.text();
  expectNothingInline(page);
  expect((await expectFilesOf(page)).size).toBeGreaterThan(5);
});

test.each(["toString", "chat/page.html", "chat/"])("there is no file %s", async (path) => {
  expect((await request(`/assets/${path}`)).status).toBe(404);
});
