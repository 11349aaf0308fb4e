import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

interface ProcessLine {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** The workerd processes below a process (wrangler runs one for the Worker and one as a proxy before it). */
export class WorkerdProcesses {
  readonly #pids: readonly number[];

  constructor(parentPid = process.pid) {
    const { stdout } = spawnSync("ps", ["-eo", "pid=,ppid=,comm="], { encoding: "utf8" });
    const processes = stdout
      .trim()
      .split("\n")
      .map((line): ProcessLine => {
        const [pid, parent, command = ""] = line.trim().split(/\s+/);
        return { pid: Number(pid), parent: Number(parent), command };
      });
    const parents = new Map(processes.map(({ pid, parent }) => [pid, parent]));
    const isOurs = (pid: number | undefined): boolean =>
      pid !== undefined && pid > 1 && (pid === parentPid || isOurs(parents.get(pid)));
    this.#pids = processes.filter(({ pid, command }) => command === "workerd" && isOurs(pid)).map(({ pid }) => pid);
    if (this.#pids.length === 0) throw new Error(`no workerd runs below process ${parentPid}`);
  }

  /** Binds all their threads to one processor core. */
  bindTo(core: string): void {
    for (const pid of this.#pids) spawnSync("taskset", ["-acp", core, String(pid)]);
  }

  /**
   * Milliseconds of processor time they have taken, which other programs on the machine change far less than they change
   * the clock's; NaN where the system does not count it (it is Linux's /proc/PID/task/TID/schedstat).
   */
  get cpuMs(): number {
    return this.#scheduled(0);
  }

  /** Milliseconds in which they were ready to run and other programs had the processors; NaN likewise. */
  get waitedMs(): number {
    return this.#scheduled(1);
  }

  #scheduled(column: number): number {
    try {
      const threads = this.#pids.flatMap((pid) =>
        readdirSync(`/proc/${pid}/task`).map((id) => `/proc/${pid}/task/${id}`),
      );
      const nanoseconds = threads.map((thread) =>
        Number(readFileSync(`${thread}/schedstat`, "utf8").split(" ")[column]),
      );
      return nanoseconds.reduce((sum, count) => sum + count, 0) / 1e6;
    } catch {
      return Number.NaN;
    }
  }
}
