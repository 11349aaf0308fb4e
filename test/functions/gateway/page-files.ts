import { expect } from "vitest";
import { request } from "./caller.ts";

/** The files that a page names, and that those name in turn; expects that every one is there. */
export async function expectFilesOf(page: string): Promise<ReadonlySet<string>> {
  // A set takes in what is added while it is walked.
  const named = new Set([...page.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path!));
  for (const path of named) {
    const file = await request(path);
    expect([path, file.status]).toEqual([path, 200]);
    for (const [, relative] of (await file.text()).matchAll(/from "(\.[^"]+)"/g))
      named.add(new URL(relative!, `https://lapidary.test${path}`).pathname);
  }
  return named;
}

/** Neither scripts nor styles nor handlers stand in the page itself. */
export function expectNothingInline(page: string): void {
  expect(page).not.toMatch(/<script(?![^>]*src=)|<style|\sstyle=|\son\w+=/);
}
