// Compiles assembly/ in memory: a second beside the minutes of a conversion, and no file that could be out of date.
// Plain SIMD128, so that every machine computes the same bits.
import { readdirSync, readFileSync } from "node:fs";

const folder = new URL("assembly/", import.meta.url);

let compiled;

/** Compiled once a process. */
export function compileQuantiseKernels() {
  compiled ??= compile();
  return compiled;
}

async function compile() {
  const files = new Map(readdirSync(folder).map((name) => [name, readFileSync(new URL(name, folder), "utf8")]));
  const { default: asc } = await import("assemblyscript/asc");
  let binary;
  const { error, stderr } = await asc.main(
    [
      "kernels.ts",
      ...["--outFile", "kernels.wasm", "-O3", "--noAssert", "--enable", "simd", "--runtime", "stub"],
      ...["--importMemory", "--noExportMemory"],
    ],
    {
      readFile: (name) => files.get(name) ?? null,
      writeFile: (_name, contents) => {
        binary = contents;
      },
      listFiles: () => [],
    },
  );
  const complaints = stderr.toString();
  if (error || complaints) throw new Error(`The kernels do not compile: ${complaints}`, { cause: error });
  return WebAssembly.compile(binary);
}
