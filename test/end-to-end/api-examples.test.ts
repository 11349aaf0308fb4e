import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "./local-server.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const text = readFileSync(new URL("../../docs/api.md", import.meta.url), "utf8");
const examples = (language: string) =>
  [...text.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, "g"))].map(([, code]) => code!);

describe("the examples of docs/api.md", () => {
  let server: LocalServer;
  beforeAll(async () => {
    server = await startLocalServer();
  });
  afterAll(() => server?.[Symbol.asyncDispose]());

  async function run(command: string, args: readonly string[]): Promise<string> {
    const env = { ...process.env, LAPIDARY_URL: server.url, LAPIDARY_KEY: server.key };
    return (await promisify(execFile)(command, args, { cwd: root, env })).stdout;
  }

  test.each(examples("sh").filter((code) => code.startsWith("curl ")))("%s", async (code) => {
    const printed = await run("bash", ["-c", code.replaceAll(/^curl /gm, "curl -sS --fail-with-body ")]);
    expect(printed).toMatch(/"object":\s?"/);
    expect(printed).not.toContain('"error"');
  });

  test.each(examples("js"))("%s", async (code) => {
    const printed = await run(process.execPath, ["--input-type=module", "--eval", code]);
    expect(printed).toMatch(code.includes("Peru") ? /Lima/ : /15/);
  });
});
