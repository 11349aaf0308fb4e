import { type ChildProcess, execFile, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isAlive, processesBelow } from "./processes.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const shell = async (command: string) => (await promisify(execFile)("bash", ["-c", command], { cwd: root })).stdout;

let start: ChildProcess;
let printed = "";
let url = "";

beforeAll(async () => {
  start = spawn(process.execPath, ["cli/bin.mjs", "start", "--port", "0"], {
    cwd: root,
    // A group of its own, as a shell gives to what it starts.
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise<void>((resolve, reject) => {
    start.once("exit", (code) => reject(new Error(`npm start ended with ${code} before it was ready`)));
    start.stdout!.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
      if (printed.includes("OPENAI_API_KEY")) resolve();
    });
  });
  url = /Ready: \S+ at (\S+)/.exec(printed)![1]!;
});
afterAll(() => {
  start.kill("SIGKILL");
});

test("the printed curl line works", async () => {
  const curl = printed.split("\n").find((line) => line.startsWith("curl "))!;
  expect(await shell(`${curl} -s`)).toContain("Lima");
});

test("README's curl works as printed", async () => {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const curl = /```sh\n(curl [\s\S]*?)```/.exec(readme)![1]!.trim();
  expect(curl).toContain("http://127.0.0.1:8787");
  // The port alone differs: 8787 may be taken on a machine that runs tests.
  const answer = await shell(curl.replace("http://127.0.0.1:8787", url).replace(/^curl /, "curl -s "));
  expect(answer).toContain("Lima");
});

// The server got the signal twice, from its group and from the launcher, and the second ended it before wrangler had ended.
test("a signal to the whole group ends the server, its workerd and whatever else it started", async () => {
  const below = processesBelow(start.pid!);
  expect(below.map(({ command }) => command)).toContain("workerd");
  const ended = new Promise((resolve) => start.once("exit", resolve));
  process.kill(-start.pid!, "SIGTERM");
  await ended;
  expect(below.filter(({ pid }) => isAlive(pid))).toEqual([]);
  await expect(fetch(`${url}/health`)).rejects.toThrow();
});
