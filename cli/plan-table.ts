import type { Plan } from "../weights/plan.ts";
import type { IsolateBytes } from "../weights/plan-memory.ts";

const MEGABYTE = 1e6;

/**
 * What each isolate of a plan holds, in columns: stages first, then vocabulary shards. Where layers are split, each part
 * has a line.
 */
export function planTable(plan: Plan): string {
  const { layerParts, stages, vocabularyShards } = plan;
  const columns = ({ weights, kv, scratch, total }: IsolateBytes) =>
    [weights, kv, scratch, total].map((bytes) => (bytes / MEGABYTE).toFixed(1));
  const range = (first: number, count: number) => (count === 1 ? `${first}` : `${first}–${first + count - 1}`);
  let firstRow = 0;
  return [
    table([
      ["stage", "layers", "weights MB", "KV MB", "scratch MB", "total MB"],
      ...stages.flatMap(({ firstLayer, layerCount, parts }, index) =>
        parts.map((bytes, part) => [
          layerParts === 1 ? `${index}` : `${index} part ${part}`,
          range(firstLayer, layerCount),
          ...columns(bytes),
        ]),
      ),
    ]),
    table([
      ["vocabulary shard", "rows", "weights MB", "KV MB", "scratch MB", "total MB"],
      ...vocabularyShards.map(({ rows, bytes }, index) => {
        const cells = [`${index}`, range(firstRow, rows), ...columns(bytes)];
        firstRow += rows;
        return cells;
      }),
    ]),
    summary(plan),
  ].join("\n");
}

function summary({ layerParts, stages, vocabularyShards, isolates, hopsPerToken }: Plan): string {
  const bytes = [...stages.flatMap(({ parts }) => parts), ...vocabularyShards.map((shard) => shard.bytes)];
  const total = bytes.reduce((sum, isolate) => sum + isolate.total, 0);
  const split = layerParts === 1 ? "" : ` of ${layerParts} isolates each`;
  return (
    `${stages.length} stages${split}, ${vocabularyShards.length} vocabulary shards\n` +
    `${isolates} isolates, ${Math.round(total / MEGABYTE)} MB together, ${hopsPerToken} hops a token\n`
  );
}

/** Right-aligned columns. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => `${row.map((cell, column) => cell.padStart(widths[column]!)).join("  ")}\n`).join("");
}
