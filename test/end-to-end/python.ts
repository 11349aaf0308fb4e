import { execFile, execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL(".", import.meta.url));
const venv = fileURLToPath(new URL("../../.venv/bin/python", import.meta.url));
const PYTHON = process.env.LAPIDARY_PYTHON ?? (existsSync(venv) ? venv : "python3");

/** What a skipped test says. */
export const HOW_TO_GET_OPENAI =
  "needs the PyPI package openai: python3 -m venv .venv && .venv/bin/pip install openai; or LAPIDARY_PYTHON";

export const openaiThere = succeeds(["-c", "import openai"]);

/** Runs the tests of one class in pypi_openai.py; rejects with what they printed when one of them fails. */
export function runPythonTests(name: string, env: Record<string, string>): Promise<void> {
  const args = ["-m", "unittest", `pypi_openai.${name}`];
  const options = { cwd: folder, env: { ...process.env, ...env, PYTHONDONTWRITEBYTECODE: "1" } };
  return new Promise((resolve, reject) => {
    execFile(PYTHON, args, options, (error, _, printed) => {
      if (error) reject(new Error(printed));
      else resolve();
    });
  });
}

function succeeds(args: string[]): boolean {
  try {
    execFileSync(PYTHON, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
