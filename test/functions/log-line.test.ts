import { afterEach, expect, test, vi } from "vitest";
import { logLine } from "../../functions/log-line.ts";
import { callFor, freshConductor, generateOn, requestFor } from "./ring/conductors.ts";

afterEach(() => void vi.restoreAllMocks());

/** What was logged at one level. */
function hear(level: "warn" | "error") {
  const lines: string[] = [];
  vi.spyOn(console, level).mockImplementation((...parts: unknown[]) => void lines.push(parts.join(" ")));
  return lines;
}

test("a line is one of JSON, with what lies behind a cause", () => {
  const lines = hear("error");
  const cause = new Error("the first line\nthe second", { cause: new Error("behind it") });
  logLine("error", "it_happened", { generation: "7", tokens: 3, tenant: undefined }, cause);
  expect(lines).toHaveLength(1);
  expect(lines[0]).not.toContain("\n");
  expect(JSON.parse(lines[0]!)).toEqual({
    ...{ level: "error", event: "it_happened", generation: "7", tokens: 3 },
    cause: expect.stringMatching(/the first line\nthe second(.|\n)*caused by Error: behind it/),
  });
});

test("a generation that fails is told in such a line, without its text", async () => {
  const lines = hear("error");
  const conductor = await freshConductor();
  const call = await callFor(await requestFor("my private words", { maxTokens: 2 }));
  const constraint = { type: "regex", pattern: "(" } as const;
  await expect(generateOn(conductor, { ...call, constraint })).rejects.toThrow();
  const [line, ...more] = lines.map((text) => JSON.parse(text));
  expect([line.event, line.generation, line.tenant, more]).toEqual(["generation_failed", call.id, call.tenant, []]);
  expect(lines.join()).not.toContain("private");
});
