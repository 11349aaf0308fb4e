import { spawnSync } from "node:child_process";

const CHECKS = [
  ["biome", ["check", "--error-on-warnings"]],
  ["tsc", ["-p", "."]],
  ["tsc", ["-p", "functions"]],
] as const;

/** Runs every static check, printing what each found; true when all passed. */
export function checkSources(): boolean {
  let passed = true;
  for (const [command, args] of CHECKS) {
    const { status, error } = spawnSync(command, args, { stdio: "inherit", cwd: new URL("..", import.meta.url) });
    if (error) console.error(`${command}: ${error.message}`);
    console.log(`${command} ${args.join(" ")}: ${status === 0 ? "ok" : "failed"}`);
    passed &&= status === 0;
  }
  return passed;
}
