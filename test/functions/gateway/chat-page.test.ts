import { expect, test } from "vitest";
import { request } from "./caller.ts";

test("the chat page needs no key, and its policy lets nothing foreign or inline run", async () => {
  const response = await request("/");
  expect(response.headers.get("content-type")).toMatch(/^text\/html/);
  const policy = response.headers.get("content-security-policy");
  expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
  expect(policy).not.toContain("unsafe");
  const page = await response.text();
  expect(page).not.toMatch(/<script(?![^>]*src=)|\sstyle=|\son\w+=/);
});

test("every file that the page and its scripts name is there", async () => {
  const page = await (await request("/")).text();
  // A set takes in what is added while it is walked.
  const named = new Set([...page.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path!));
  for (const path of named) {
    const response = await request(path);
    expect([path, response.status]).toEqual([path, 200]);
    for (const [, file] of (await response.text()).matchAll(/from "\.\/([^"]+)"/g)) named.add(`/assets/${file}`);
  }
  expect(named.size).toBeGreaterThan(5);
});
