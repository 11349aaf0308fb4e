import { readFile } from "node:fs/promises";
import asc from "assemblyscript/asc";

/** The functions of baselines.as over one memory; arguments are byte offsets and counts. */
export interface Baselines {
  readAll(from: number, bytes: number): number;
  columnLanes(
    weights: number,
    rowScales: number,
    activations: number,
    scales: number,
    offsets: number,
    columns: number,
    outputs: number,
    y: number,
  ): void;
  bareDots(rows: number, rowCount: number, weights: number, outputs: number, columns: number, y: number): void;
}

/** Compiles baselines.as as the kernels are compiled, and instantiates it. */
export async function createBaselines(memory: WebAssembly.Memory): Promise<Baselines> {
  const source = await readFile(new URL("baselines.as", import.meta.url), "utf8");
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    [
      ...["baselines.ts", "--outFile", "baselines.wasm", "-O3", "--noAssert", "--enable", "simd,relaxed-simd"],
      ...["--runtime", "stub", "--importMemory", "--noExportMemory"],
    ],
    {
      readFile: (name) => (name === "baselines.ts" ? source : null),
      writeFile: (_name, contents) => {
        binary = contents as Uint8Array;
      },
      listFiles: () => [],
    },
  );
  if (error || !binary) throw new Error(`baselines.as does not compile: ${stderr.toString()}`, { cause: error });
  const { instance } = await WebAssembly.instantiate(binary as BufferSource, { env: { memory } });
  return (instance as WebAssembly.Instance).exports as unknown as Baselines;
}
