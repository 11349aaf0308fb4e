import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import OpenAI from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";

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

interface ProcessLine {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** The children of a process, their children, and so on. */
function processesBelow(parent: number): ProcessLine[] {
  const all = execFileSync("ps", ["-eo", "pid=,ppid=,comm="], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((line): ProcessLine => {
      const [pid, parent, command = ""] = line.trim().split(/\s+/);
      return { pid: Number(pid), parent: Number(parent), command };
    });
  const below = (pid: number): ProcessLine[] =>
    all.filter((line) => line.parent === pid).flatMap((line) => [line, ...below(line.pid)]);
  return below(parent);
}

/** Zombies, which nobody has waited for yet, have ended too. */
function isAlive(pid: number): boolean {
  try {
    return !execFileSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" })
      .trim()
      .startsWith("Z");
  } catch {
    return false;
  }
}
