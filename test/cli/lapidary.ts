import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../..", import.meta.url));

export const DEMO_FOLDER = "weights/demo/model";

/** Runs the command line in a process of its own; rejects with `stderr` and `code` when it fails. */
export const lapidary = (...args: string[]) =>
  promisify(execFile)(process.execPath, ["cli/lapidary.ts", ...args], { cwd: root });

/** What a failing command wrote to stderr; throws when it succeeds. */
export async function failureOf(...args: string[]): Promise<string> {
  const failure = await lapidary(...args).then(
    () => null,
    (error: { code: number; stderr: string }) => error,
  );
  if (failure === null) throw new Error(`lapidary ${args.join(" ")} did not fail`);
  return failure.stderr;
}
