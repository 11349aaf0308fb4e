import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { PeersReport } from "./report.ts";

/** Runs run.ts with `options`, its progress on standard error, and reads its report. Throws when it fails. */
export async function measurePeers(options: readonly string[]): Promise<PeersReport> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "run.ts"), ...options], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, "exit")]);
  if (code !== 0) throw new Error(`test/bench/peers/run.ts ended with ${code}; see above`);
  return JSON.parse(output) as PeersReport;
}
