import { expect, test } from "vitest";
import { request } from "./caller.ts";

test("the operator's page lets nothing foreign or inline run, and every file that it names is there", async () => {
  const response = await request("/admin");
  expect(response.headers.get("content-security-policy")).toContain("default-src 'none'; script-src 'self'");
  const page = await response.text();
  expect(page).not.toMatch(/<script(?![^>]*src=)|\sstyle=|\son\w+=/);
  // A set takes in what is added while it is walked.
  const named = new Set([...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path!));
  for (const path of named) {
    const file = await request(path);
    expect([path, file.status]).toEqual([path, 200]);
    for (const [, script] of (await file.text()).matchAll(/from "\.\/([^"]+)"/g)) named.add(`/admin/assets/${script}`);
  }
  expect(named.size).toBeGreaterThan(7);
  expect((await request("/admin/assets/toString")).status).toBe(404);
});
