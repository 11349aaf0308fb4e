import type { KvBits } from "../../../runtime/engine.ts";
import { attentionName } from "./attention-bench.ts";
import type { Timing } from "./measured-action.ts";

export interface Ratio {
  readonly name: string;
  readonly value: number;
  /** The least value that the project asks of itself. */
  readonly bar?: number;
}

/** The ratios the project is held to, all of one run. */
export function kernelRatios(timings: readonly Timing[]): Ratio[] {
  const find = (name: string): Timing => {
    const timing = timings.find((each) => each.name === name);
    if (!timing) throw new Error(`no timing is called "${name}"`);
    return timing;
  };
  const faster = (name: string, than: string) => find(than).medianMs / find(name).medianMs;
  const rate = (name: string, of: string) => find(name).gigaMacsPerSecond! / find(of).gigaMacsPerSecond!;
  const bandwidth = (name: string, of: string) => find(name).gigabytesPerSecond! / find(of).gigabytesPerSecond!;
  const oneRow = "4 bit × 1 row, relaxed";
  const prototype = "the same with lanes of columns (the prototype's way)";
  const manyRows = "4 bit × 64 rows, relaxed";
  const table = "8 bit table × 1 row, relaxed";
  const matrices = find("layer's matrices × 1 row").medianMs;
  const attention = (kvBits: KvBits, tokens: number) =>
    find(attentionName(kvBits, `decode at ${tokens}`)).medianMs / matrices;
  const prefill = (kvBits: KvBits) =>
    find(attentionName(kvBits, "prefill of 512")).medianMs / (8 * find("layer's matrices × 64 rows").medianMs);
  const attentionRatios = ([16, 8] as const).flatMap((kvBits): Ratio[] => [
    ...[128, 1024, 4096].map((tokens) => ({
      name: `${attentionName(kvBits, `decode at ${tokens}`)}, of the layer's matrices`,
      value: attention(kvBits, tokens),
    })),
    {
      name: `a layer's decode speed at 4096 of that at 128, ${kvBits === 8 ? "int8" : "float16"}`,
      value: (1 + attention(kvBits, 128)) / (1 + attention(kvBits, 4096)),
      // What is served by default.
      ...(kvBits === 8 && { bar: 0.8 }),
    },
    { name: `${attentionName(kvBits, "prefill of 512")}, of the layer's matrices`, value: prefill(kvBits) },
  ]);
  return [
    { name: "1 row over onnxruntime-web", value: faster(oneRow, "onnxruntime-web MatMulNBits × 1 row"), bar: 70 },
    { name: "1 row over the prototype's way", value: faster(oneRow, prototype), bar: 1 },
    { name: "1 row of a plain read's bandwidth", value: bandwidth(oneRow, "plain SIMD read of the matrix") },
    { name: "64 rows over the prototype's 1 row, GMAC/s", value: rate(manyRows, prototype), bar: 1.7 },
    { name: "64 rows of bare relaxed dots, GMAC/s", value: rate(manyRows, "bare relaxed dots × 64 rows"), bar: 0.55 },
    { name: "table of a plain read's bandwidth", value: bandwidth(table, "plain SIMD read of the table"), bar: 0.8 },
    { name: "SIMD128 of relaxed, 1 row", value: faster("4 bit × 1 row, SIMD128", oneRow), bar: 0.5 },
    { name: "SIMD128 of relaxed, 64 rows", value: faster("4 bit × 64 rows, SIMD128", manyRows), bar: 0.5 },
    { name: "SIMD128 of relaxed, table", value: faster("8 bit table × 1 row, SIMD128", table), bar: 0.5 },
    ...attentionRatios,
  ];
}
