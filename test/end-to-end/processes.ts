import { execFileSync } from "node:child_process";

export interface ProcessLine {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** The children of a process, their children, and so on. */
export function processesBelow(parent: number): ProcessLine[] {
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
export function isAlive(pid: number): boolean {
  try {
    return !execFileSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" })
      .trim()
      .startsWith("Z");
  } catch {
    return false;
  }
}
