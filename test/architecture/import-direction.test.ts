import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const IMPORT = /(?:\bfrom\s*|\bimport\s*\(?\s*)["']([^"']+)["']/g;

/** functions → runtime → weights; cli may import all three; nothing imports cli or test. */
const ALLOWED: Record<string, readonly string[]> = {
  weights: ["weights"],
  runtime: ["runtime", "weights"],
  functions: ["functions", "runtime", "weights"],
  cli: ["cli", "functions", "runtime", "weights", "test"],
};

function sourcesOf(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => /\.(ts|mjs)$/.test(path) && !path.split(sep).includes("build"))
    .map((path) => join(root, folder, path));
}

function importsOf(file: string): string[] {
  return [...readFileSync(file, "utf8").matchAll(IMPORT)].map((match) => match[1]!);
}

for (const [folder, allowed] of Object.entries(ALLOWED)) {
  test(`${folder}/ imports only from ${allowed.join(", ")}`, () => {
    const files = sourcesOf(folder);
    expect(files.length).toBeGreaterThan(0);
    const wrong = files.flatMap((file) =>
      importsOf(file)
        .filter((target) => target.startsWith("."))
        .map((target) => relative(root, resolve(dirname(file), target)).split(sep)[0]!)
        .filter((top) => !allowed.includes(top))
        .map((top) => `${relative(root, file)} imports from ${top}/`),
    );
    expect(wrong).toEqual([]);
  });
}

test("only functions/ knows Cloudflare and HTTP", () => {
  const wrong = [...sourcesOf("weights"), ...sourcesOf("runtime")].filter((file) =>
    importsOf(file).some(
      (target) => target.startsWith("cloudflare:") || target === "hono" || target.startsWith("hono/"),
    ),
  );
  expect(wrong.map((file) => relative(root, file))).toEqual([]);
});

test("what runs in workerd never touches the file system", () => {
  const wrong = [...sourcesOf("functions"), ...sourcesOf("runtime")]
    .filter((file) => !file.endsWith(".mjs"))
    .filter((file) => importsOf(file).some((target) => /^node:(fs|child_process|path|os)/.test(target)));
  expect(wrong.map((file) => relative(root, file))).toEqual([]);
});
