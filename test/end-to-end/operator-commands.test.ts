import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "./local-server.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

let server: LocalServer;
beforeAll(async () => {
  server = await startLocalServer();
});
afterAll(() => server?.[Symbol.asyncDispose]());

/** Runs `lapidary …` against the server, with `input` typed into it. */
async function lapidary(args: readonly string[], input = "") {
  const { OPENAI_BASE_URL: _url, OPENAI_API_KEY: _key, ...env } = process.env;
  const command = spawn(process.execPath, ["cli/lapidary.ts", ...args, "--url", server.url], { cwd: root, env });
  let [stdout, stderr] = ["", ""];
  command.stdout.on("data", (text) => (stdout += text));
  command.stderr.on("data", (text) => (stderr += text));
  command.stdin.end(input);
  const status = await new Promise<number | null>((resolve) => command.once("close", resolve));
  return { stdout, stderr, status };
}

async function json(...args: string[]) {
  const { stdout, stderr, status } = await lapidary([...args, "--json"]);
  expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
  return JSON.parse(stdout);
}

const chats = async (key: string) =>
  (await lapidary(["chat", "--key", key, "--temperature", "0", "What is 7 + 8?"])).status;

describe("an operator in the terminal", () => {
  test("creates a tenant, whose key is alone on the last line", async () => {
    const { stdout } = await lapidary([
      "tenants",
      "create",
      "acme",
      "--requests-per-minute",
      "9",
      "--tokens-per-day",
      "500",
    ]);
    const key = stdout.trim().split("\n").at(-1)!;
    expect(key).toMatch(/^lap_acme_/);
    expect(await chats(key)).toBe(0);
    expect(await json("tenants", "show", "acme")).toMatchObject({
      limits: { requestsPerMinute: 9, tokensPerDay: 500 },
      // `chat` asks for the list of models first.
      now: { requestsThisMinute: 2 },
    });
    expect(await json("tenants", "list")).toContainEqual(expect.objectContaining({ name: "acme" }));
  });

  test("changes, blocks and unblocks it", async () => {
    const limits = ["--tokens-per-day", "none", "--allowed-models", "lapidary-demo, other", "--concurrency", "2"];
    expect(await json("tenants", "change", "acme", "--block", ...limits)).toMatchObject({
      blocked: true,
      limits: { tokensPerDay: null, allowedModels: ["lapidary-demo", "other"], concurrency: 2, requestsPerMinute: 9 },
    });
    expect(await json("tenants", "change", "acme", "--unblock")).toMatchObject({ blocked: false });
  });

  test("makes, rotates and revokes keys", async () => {
    const made = await json("keys", "create", "acme", "--label", "robot", "--expires", "2199-01-01");
    expect(made).toMatchObject({ label: "robot", expiresAt: "2199-01-01T00:00:00.000Z" });
    const rotated = await json("keys", "rotate", "acme", made.id, "--grace-seconds", "0");
    expect([await chats(made.key), await chats(rotated.key)]).toEqual([1, 0]);
    await json("keys", "revoke", "acme", rotated.id);
    expect(await chats(rotated.key)).toBe(1);
    const { stdout } = await lapidary(["keys", "list", "acme"]);
    expect(stdout).toMatch(new RegExp(`${rotated.id} +revoked +robot`));
  });

  test("gives a key limits and a budget of its own, and takes them away", async () => {
    const made = await json("keys", "create", "acme", "--budget-per-month", "12.5", "--requests-per-minute", "1");
    expect(made.limits).toMatchObject({ budgetMicrosPerMonth: 12_500_000, requestsPerMinute: 1, concurrency: null });
    const { limits } = await json("keys", "change", "acme", made.id, "--requests-per-minute", "none");
    expect(limits).toMatchObject({ budgetMicrosPerMonth: 12_500_000, requestsPerMinute: null });
    const { stdout } = await lapidary(["keys", "list", "acme"]);
    expect(stdout).toMatch(new RegExp(`${made.id} .*budgetMicrosPerMonth 12500000`));
  });

  test("raises limits for a while, and gives models other names and a tenant priority", async () => {
    const raised = await json("tenants", "raise", "acme", "--concurrency", "50", "--until", "2199-01-01");
    expect(raised).toMatchObject({
      limits: { concurrency: 2 },
      raise: { limits: { concurrency: 50 }, expiresAt: "2199-01-01T00:00:00.000Z" },
    });
    expect(await json("tenants", "raise", "acme", "--end")).toMatchObject({ raise: null });
    const names = ["--alias", "gpt-4o-mini=lapidary-demo", "--alias", "small=lapidary-demo", "--priority", "3"];
    expect(await json("tenants", "change", "acme", ...names)).toMatchObject({
      aliases: { "gpt-4o-mini": "lapidary-demo", small: "lapidary-demo" },
      limits: { priority: 3 },
    });
    expect(await json("tenants", "change", "acme", "--no-aliases")).toMatchObject({ aliases: {} });
  });

  test("reads usage and what was done", async () => {
    const { stdout: csv } = await lapidary(["tenants", "usage", "acme", "--csv"]);
    expect(csv).toMatch(/,lapidary-demo,key_[0-9a-f]{16},1,20,\d+,0,0\r\n/);
    const { stdout: log } = await lapidary(["tenants", "audit"]);
    expect(log).toMatch(/200 +acme +DELETE \/admin\/v1\/tenants\/:tenant\/keys\/:key/);
  });

  test("deletes a tenant, and is told when there is none", async () => {
    expect((await lapidary(["tenants", "delete", "acme"])).status).toBe(1);
    expect((await lapidary(["tenants", "delete", "acme", "--yes"])).status).toBe(0);
    const { stderr, status } = await lapidary(["tenants", "show", "acme"]);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringContaining("There is no tenant of this name."),
    });
  });
});

describe("lapidary chat", () => {
  test("answers one question", async () => {
    const asked = ["chat", "--key", server.key, "--temperature", "0", "What is the capital of Peru?"];
    const { stdout, stderr } = await lapidary(asked);
    expect(stdout).toContain("Lima");
    expect(stderr).toMatch(/\(19 \+ 10 tokens, first after \d+ ms, [\d.]+ a second\)/);
  });

  test("keeps a conversation, and goes on after an error", async () => {
    const { stdout, stderr, status } = await lapidary(
      ["chat", "--key", server.key, "--temperature", "0", "--max-tokens", "12"],
      `What is 7 + 8?\n${"long ".repeat(5000)}\nWhat is the capital of Peru?\n`,
    );
    expect(stdout).toContain("15");
    expect(stdout).toContain("Lima");
    expect(stderr).toContain("maximum context length");
    expect(status).toBe(0);
  });
});
