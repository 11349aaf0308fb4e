// Dependency-free beyond the AssemblyScript compiler of the lock file; runs on Node 20. Compiles assembly/ twice: with
// relaxed SIMD and for plain SIMD128. The memory is imported and made by the caller, at the exact size it planned.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL(".", import.meta.url));
const outputFolder = join(root, "build");
const INLINE_DECORATOR = 64; // assemblyscript: DecoratorFlags.Inline
const FUNCTION_PROTOTYPE = 4; // assemblyscript: ElementKind.FunctionPrototype
const BUILDS = { relaxed: "simd,relaxed-simd", simd128: "simd" };

/** Marks every function of assembly/vector/ `@inline`: written as a decorator, no TypeScript tool could read the file. */
class InlineVectorFunctions {
  afterInitialize(program) {
    let marked = 0;
    for (const element of program.elementsByDeclaration.values()) {
      if (element.kind !== FUNCTION_PROTOTYPE || !element.internalName.startsWith("vector/")) continue;
      element.decoratorFlags |= INLINE_DECORATOR;
      marked++;
    }
    if (marked === 0) throw new Error("No function of assembly/vector was found: has the compiler changed its names?");
  }
}

function readSources(folder = "assembly") {
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  return entries
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return readSources(path);
      return entry.name.endsWith(".ts") ? [{ path, text: readFileSync(join(root, path), "utf8") }] : [];
    });
}

function hashInputs(sources) {
  const { version } = createRequire(import.meta.url)("assemblyscript/package.json");
  const hash = createHash("sha256")
    .update(version)
    .update(readFileSync(join(root, "build.mjs")));
  for (const { path, text } of sources) hash.update(`\0${path}\0${text}`);
  return hash.digest("hex");
}

async function compile(sources, features) {
  const files = new Map(sources.map(({ path, text }) => [path.replace("assembly/", ""), text]));
  // Imported only here: most calls find the kernels built, and the compiler takes a second to load.
  const { default: asc } = await import("assemblyscript/asc");
  let binary;
  const { error, stderr } = await asc.main(
    [
      "kernels.ts",
      ...["--outFile", "kernels.wasm", "-O3", "--noAssert", "--enable", features, "--runtime", "stub"],
      ...["--importMemory", "--noExportMemory"],
    ],
    {
      transforms: [InlineVectorFunctions],
      readFile: (name) => files.get(name) ?? null,
      writeFile: (_name, contents) => {
        binary = contents;
      },
      listFiles: () => [],
    },
  );
  const complaints = stderr.toString();
  if (error || complaints) throw new Error(`The kernels do not compile (${features}): ${complaints}`, { cause: error });
  return binary;
}

/** Writes through a temporary name, so that a process that reads meanwhile sees the old file or the new one. */
function replaceFile(name, contents) {
  const temporary = join(outputFolder, `${name}.${process.pid}.tmp`);
  writeFileSync(temporary, contents);
  renameSync(temporary, join(outputFolder, name));
}

function readStamp() {
  try {
    const stamp = JSON.parse(readFileSync(join(outputFolder, "stamp.json"), "utf8"));
    const intact = Object.keys(BUILDS).every(
      (build) => sha256(readFileSync(join(outputFolder, `${build}.wasm`))) === stamp[build],
    );
    return intact ? stamp.inputs : undefined;
  } catch {
    return undefined;
  }
}

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** Compiles build/relaxed.wasm and build/simd128.wasm unless they are there for these sources. */
export async function buildKernels() {
  const sources = readSources();
  const inputs = hashInputs(sources);
  if (readStamp() === inputs) return;
  mkdirSync(outputFolder, { recursive: true });
  const stamp = { inputs };
  for (const [build, features] of Object.entries(BUILDS)) {
    const binary = await compile(sources, features);
    replaceFile(`${build}.wasm`, binary);
    stamp[build] = sha256(binary);
  }
  replaceFile("stamp.json", `${JSON.stringify(stamp, null, 2)}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildKernels();
