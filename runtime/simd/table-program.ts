import { WeightsError } from "../../weights/errors.ts";
import type { TableShard } from "../../weights/manifest.ts";
import type { ModelSource } from "../model-source.ts";
import { readShardGraph } from "../onnx/read-shard.ts";
import { compileGraph } from "./graph.ts";
import type { KernelStep, Matrix, MatrixPiece, Program, RowBuffer } from "./program.ts";

/** Both ends of a range of the tied table, over one matrix. */
export interface TablePrograms {
  readonly table: Matrix;
  /** ids → scaled embedding rows. */
  readonly embed: Program;
  /** final-normed rows → logits. */
  readonly head: Program;
}

/**
 * Compiles the graphs of consecutive table shards and joins their matrices, so that ids need no sorting by file and
 * logits come out in one piece. Embed graphs must be one gather (and a factor), head graphs one product (and a soft cap), over the
 * same external data; a WeightsError names the graph that is not.
 */
export async function compileTable(
  source: ModelSource,
  shards: readonly TableShard[],
  hiddenSize: number,
): Promise<TablePrograms> {
  const hidden: RowBuffer = { name: "hidden", form: "float32", columns: hiddenSize };
  const pieces: MatrixPiece[] = [];
  let factor: number | null | undefined;
  let cap: number | null | undefined;
  for (const { embed, head, data, rows, firstRow } of shards) {
    const gathered = compileGraph(await readShardGraph(source, embed, data), null);
    const found = embedSteps(gathered, embed.path);
    if (factor !== undefined && found.factor !== factor)
      throw new WeightsError(`${embed.path} scales rows by ${found.factor}, the shards before it by ${factor}`);
    factor = found.factor;
    const product = compileGraph(await readShardGraph(source, head, data), hidden);
    const { matrix, cap: headCap } = headSteps(product, head.path);
    if (cap !== undefined && headCap !== cap)
      throw new WeightsError(`${head.path} caps logits at ${headCap}, the shards before it at ${cap}`);
    cap = headCap;
    const [piece] = matrix.pieces as [MatrixPiece];
    const tied = found.matrix.pieces[0]!;
    if (piece.bytes.offset !== tied.bytes.offset || piece.scales.offset !== tied.scales.offset)
      throw new WeightsError(`${head.path} and ${embed.path} must share their weights`);
    for (const [path, found] of [
      [embed.path, gathered.output.columns],
      [head.path, matrix.columns],
    ] as const)
      if (found !== hiddenSize)
        throw new WeightsError(`${path} has rows of ${found} columns, the manifest's hiddenSize is ${hiddenSize}`);
    if (matrix.outputs !== rows)
      throw new WeightsError(`${head.path} has ${matrix.outputs} rows, the manifest says ${rows}`);
    pieces.push({ ...piece, firstOutput: firstRow - shards[0]!.firstRow });
  }
  const outputs = pieces.reduce((sum, piece) => sum + piece.outputs, 0);
  const table: Matrix = { bits: 8, outputs, columns: hiddenSize, pieces };
  return { table, embed: embedProgram(table, factor ?? null), head: headProgram(table, hidden, cap ?? null) };
}

function embedSteps({ steps }: Program, file: string): { matrix: Matrix; factor: number | null } {
  const [gather, scale, ...others] = steps;
  if (gather?.op !== "gather" || (scale !== undefined && scale.op !== "scale") || others.length > 0)
    throw new WeightsError(`${file}: expected a gather of the table's rows and at most a factor`);
  return { matrix: gather.matrix, factor: scale?.factor ?? null };
}

function headSteps({ steps }: Program, file: string): { matrix: Matrix; cap: number | null } {
  const [quantize, product, softCap, ...others] = steps;
  if (
    quantize?.op !== "quantizeActivations" ||
    product?.op !== "matmul" ||
    (softCap !== undefined && softCap.op !== "softCap") ||
    others.length > 0 ||
    product.matrix.bits !== 8
  )
    throw new WeightsError(`${file}: expected one 8-bit MatMulNBits and at most a soft cap`);
  return { matrix: product.matrix, cap: softCap?.cap ?? null };
}

function embedProgram(table: Matrix, factor: number | null): Program {
  const rows: RowBuffer = { name: "token rows", form: "float32", columns: table.columns };
  const steps: KernelStep[] = [{ op: "gather", matrix: table, y: rows }];
  const scaled: RowBuffer = { ...rows, name: "scaled token rows" };
  if (factor !== null) steps.push({ op: "scale", x: rows, factor, y: scaled });
  return { input: null, output: factor === null ? rows : scaled, steps, matrices: [table], vectors: [] };
}

function headProgram(table: Matrix, hidden: RowBuffer, cap: number | null): Program {
  const quantized: RowBuffer = { name: "hidden quantised", form: "activations", columns: table.columns };
  const logits: RowBuffer = { name: "logits", form: "float32", columns: table.outputs };
  const steps: KernelStep[] = [
    { op: "quantizeActivations", x: hidden, y: quantized },
    { op: "matmul", x: quantized, matrix: table, y: logits },
  ];
  const capped: RowBuffer = { ...logits, name: "capped logits" };
  if (cap !== null) steps.push({ op: "softCap", x: logits, cap, y: capped });
  return { input: hidden, output: cap === null ? logits : capped, steps, matrices: [table], vectors: [] };
}
