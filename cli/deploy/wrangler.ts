import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const KEPT_OUTPUT_CHARACTERS = 4000;

/** What uploads and deletes scripts. */
export interface Uploader {
  /** Uploads the script of a configuration; `secrets` are left as they are where undefined. Returns its addresses. */
  deploy(configPath: string, secrets: Readonly<Record<string, string>> | undefined): Promise<string[]>;
  delete(scriptName: string): Promise<void>;
}

/** The installed wrangler, logged in by `wrangler login` or CLOUDFLARE_API_TOKEN. */
export class Wrangler implements Uploader {
  async deploy(configPath: string, secrets: Readonly<Record<string, string>> | undefined): Promise<string[]> {
    const folder = await mkdtemp(join(tmpdir(), "lapidary-deploy-"));
    try {
      const report = join(folder, "report.ndjson");
      const args = ["deploy", "--config", configPath];
      if (secrets) {
        const path = join(folder, "secrets.json");
        await writeFile(path, JSON.stringify(secrets), { mode: 0o600 });
        args.push("--secrets-file", path);
      }
      await run(args, { WRANGLER_OUTPUT_FILE_PATH: report });
      return addressesOf(await readFile(report, "utf8"));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async delete(scriptName: string): Promise<void> {
    await run(["delete", scriptName, "--force"], {});
  }
}

/** Checks that wrangler accepts a configuration: bundles it and uploads nothing. */
export const dryRun = (configPath: string): Promise<void> => run(["deploy", "--config", configPath, "--dry-run"], {});

function addressesOf(report: string): string[] {
  const entries = report
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { type: string; targets?: string[] });
  return entries.flatMap(({ type, targets }) => (type === "deploy" ? (targets ?? []) : []));
}

async function run(args: readonly string[], environment: Readonly<Record<string, string>>): Promise<void> {
  const wrangler = join(root, "node_modules", "wrangler", "bin", "wrangler.js");
  const child = spawn(process.execPath, [wrangler, ...args], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, WRANGLER_SEND_METRICS: "false", NO_COLOR: "1", ...environment },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-KEPT_OUTPUT_CHARACTERS);
    });
  const code = await new Promise((resolve, reject) => child.once("error", reject).once("close", resolve));
  if (code !== 0) throw new Error(`wrangler ${args[0]} ended with ${code}:\n${output.trim()}`);
}
