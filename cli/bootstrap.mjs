#!/usr/bin/env node
// Dependency-free: runs on Node 20 from a fresh clone. Installs what the lock file names and is missing, then runs a
// TypeScript entry on the Node 24 that the npm package `node` brings (wrangler needs Node 22.12, type stripping 22.18).
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const bundledNode = join(root, "node_modules", "node", "bin", process.platform === "win32" ? "node.exe" : "node");

/** Installs if needed, then runs `entry` (relative to the repository) with `args`; exits with its exit code. */
export function bootstrap(entry, args) {
  const missing = missingPackage();
  if (missing) install(missing);
  if (!existsSync(bundledNode)) {
    fail(
      "The npm package `node` did not bring its binary (expected node_modules/node/bin/node).\n" +
        "npm may have blocked its install script. Try: npm rebuild node, or run this with Node 24 on PATH and `npm ci --foreground-scripts`.",
    );
  }
  const child = spawn(bundledNode, ["--disable-warning=ExperimentalWarning", join(root, entry), ...args], {
    stdio: "inherit",
    env: { ...process.env, PATH: join(root, "node_modules", ".bin") + delimiter + (process.env.PATH ?? "") },
  });
  // The terminal sends Ctrl-C to the whole group; this process only waits, so that the child can clean up.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on("error", (error) => fail(`Could not run ${bundledNode}: ${error.message}`));
  child.on("exit", (code, signal) => {
    process.exit(code ?? (signal === "SIGINT" ? 130 : 143));
  });
}

/** The first package of the lock file that node_modules lacks or holds in another version, or undefined. */
function missingPackage() {
  const wanted = readLock(join(root, "package-lock.json"));
  if (!wanted) fail("package-lock.json is missing or not JSON: this is not a complete clone.");
  const installed = readLock(join(root, "node_modules", ".package-lock.json")) ?? {};
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === "" || entry.optional || entry.peer) continue;
    if (installed[path]?.version !== entry.version || !existsSync(join(root, path))) return path;
  }
  return undefined;
}

function readLock(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8")).packages;
  } catch {
    return undefined;
  }
}

function install(missing) {
  process.stderr.write(`Installing packages (npm ci; first missing: ${missing}) …\n`);
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const { status, error } = spawnSync(npm, ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
    shell: process.platform === "win32",
  });
  if (error) fail(`npm could not be started: ${error.message}`);
  if (status !== 0) fail(`npm ci ended with exit code ${status}. Its messages are above.`);
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [entry, ...args] = process.argv.slice(2);
  if (!entry) fail("usage: node cli/bootstrap.mjs ENTRY [ARGUMENTS…]");
  bootstrap(entry, args);
}
