import type { IsolateBytes, Plan } from "../weights/plan.ts";

const MEGABYTE = 1e6;

/** What each isolate of a plan holds, in columns: stages first, then vocabulary shards. */
export function planTable({ stages, vocabularyShards }: Plan): string {
  const columns = ({ weights, kv, scratch, total }: IsolateBytes) =>
    [weights, kv, scratch, total].map((bytes) => (bytes / MEGABYTE).toFixed(1));
  const range = (first: number, count: number) => (count === 1 ? `${first}` : `${first}–${first + count - 1}`);
  let firstRow = 0;
  return [
    table([
      ["stage", "layers", "weights MB", "KV MB", "scratch MB", "total MB"],
      ...stages.map(({ firstLayer, layerCount, bytes }, index) => [
        `${index}`,
        range(firstLayer, layerCount),
        ...columns(bytes),
      ]),
    ]),
    table([
      ["vocabulary shard", "rows", "weights MB", "KV MB", "scratch MB", "total MB"],
      ...vocabularyShards.map(({ rows, bytes }, index) => {
        const cells = [`${index}`, range(firstRow, rows), ...columns(bytes)];
        firstRow += rows;
        return cells;
      }),
    ]),
    `${stages.length} stages, ${vocabularyShards.length} vocabulary shards\n`,
  ].join("\n");
}

/** Right-aligned columns. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => `${row.map((cell, column) => cell.padStart(widths[column]!)).join("  ")}\n`).join("");
}
