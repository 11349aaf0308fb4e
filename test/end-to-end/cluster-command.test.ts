import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import OpenAI from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isAlive, processesBelow } from "./processes.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const PROCESSES = 2;

let cluster: ChildProcess;
let printed = "";

beforeAll(async () => {
  cluster = spawn(process.execPath, ["cli/lapidary.ts", "cluster", "--port", "0", "--processes", String(PROCESSES)], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise<void>((resolve, reject) => {
    cluster.once("exit", (code) => reject(new Error(`the cluster ended with ${code} before it was ready`)));
    cluster.stdout!.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
      if (printed.includes("OPENAI_API_KEY")) resolve();
    });
  });
});
afterAll(() => {
  cluster.kill("SIGTERM");
});

test("a model served by two workerd processes answers as one does", async () => {
  const [, baseURL, apiKey] = /OPENAI_BASE_URL=(\S+) OPENAI_API_KEY=(\S+)/.exec(printed)!;
  const client = new OpenAI({ baseURL: baseURL!, apiKey: apiKey!, maxRetries: 0 });
  const ask = () =>
    client.chat.completions.create({
      model: "lapidary-demo",
      messages: [{ role: "user", content: "What is the capital of Peru?" }],
      temperature: 0,
    });
  const answers = await Promise.all(Array.from({ length: 8 }, ask));
  expect(new Set(answers.map(({ choices }) => choices[0]!.message.content))).toEqual(
    new Set(["The capital of Peru is Lima."]),
  );
});

test("Ctrl-C ends every process", async () => {
  const below = processesBelow(cluster.pid!);
  expect(below.filter(({ command }) => command === "workerd").length).toBeGreaterThanOrEqual(PROCESSES);
  const ended = new Promise((resolve) => cluster.once("exit", resolve));
  cluster.kill("SIGINT");
  await ended;
  expect(below.filter(({ pid }) => isAlive(pid))).toEqual([]);
});
