import { type Architecture, TABLE_TILE_ROWS } from "../manifest.ts";
import { align, ExternalLayout, type WeightPiece } from "../onnx/external-layout.ts";
import { GraphBuilder, int8Bytes } from "../onnx/graph-builder.ts";
import { hiddenShape, type Shard } from "./shard.ts";

/** What the rows of one table shard take at most; small enough for a shard to move between isolates. */
const TABLE_FILE_BYTES = 8 * 1024 * 1024;
/** Even a small model's table can be cut into this many shards, as far as it has tiles. */
const MIN_TABLE_SHARDS = 8;

/** The table's ranges of rows, in whole tiles. */
export function tableRanges({ vocabSize, hiddenSize }: Architecture): { firstRow: number; rows: number }[] {
  const { scaleBytes, dataBytes } = int8Bytes(TABLE_TILE_ROWS, hiddenSize);
  const tiles = Math.ceil(vocabSize / TABLE_TILE_ROWS);
  const affordable = Math.floor(TABLE_FILE_BYTES / (align(scaleBytes) + align(dataBytes)));
  const tilesPerShard = Math.max(1, Math.min(affordable, Math.ceil(tiles / MIN_TABLE_SHARDS)));
  const rowsPerShard = tilesPerShard * TABLE_TILE_ROWS;
  return Array.from({ length: Math.ceil(vocabSize / rowsPerShard) }, (_, index) => {
    const firstRow = index * rowsPerShard;
    return { firstRow, rows: Math.min(rowsPerShard, vocabSize - firstRow) };
  });
}

/** Rows of the table, and how many the checkpoint's own has: it may end in rows that no token has. */
export interface TableRows {
  readonly index: number;
  readonly firstRow: number;
  readonly rows: number;
  readonly checkpointRows: number;
}

/**
 * Rows of the tied table, 8 bit, under two graphs.
 *
 * embed: ids int32 [1, rows], counted from firstRow → hidden float32 [1, rows, hidden], multiplied by √hidden (not
 * rounded to bfloat16: as transformers computes in float32).
 * head: hidden (after the final norm) → logits float32 [1, rows, rows of the table], soft-capped where the model is.
 */
export function tableShard(architecture: Architecture, { index, firstRow, rows, checkpointRows }: TableRows): Shard {
  const { hiddenSize } = architecture;
  const name = `table-${String(index).padStart(4, "0")}`;
  const layout = new ExternalLayout(() => `${name}.bin`);
  const source = "model.embed_tokens.weight";
  const piece = layout.place(
    { encoding: "int8", source, sourceShape: [checkpointRows, hiddenSize], firstRow, rows, columns: hiddenSize },
    int8Bytes(rows, hiddenSize),
  );

  const embed = new GraphBuilder(`${name}-embed`, layout);
  const ids = embed.input("ids", "int32", [1, "rows"]);
  const tokens = embed.gatherRows(ids, "embed_tokens", piece, "token_rows");
  embed.apply("Mul", [tokens, embed.scalar("sqrt_hidden", Math.sqrt(hiddenSize))], "hidden");
  embed.output("hidden", "float32", hiddenShape(architecture));

  return {
    graphs: [
      { path: `${name}-embed.onnx`, bytes: embed.encode() },
      { path: `${name}-head.onnx`, bytes: headGraph(architecture, `${name}-head`, layout, piece).encode() },
    ],
    data: layout.files,
  };
}

function headGraph(architecture: Architecture, name: string, layout: ExternalLayout, piece: WeightPiece): GraphBuilder {
  const { finalLogitSoftcapping } = architecture;
  const head = new GraphBuilder(name, layout);
  const hidden = head.input("hidden", "float32", hiddenShape(architecture));
  if (finalLogitSoftcapping === null) head.matMulNBits(hidden, "embed_tokens", piece, "logits");
  else {
    const cap = head.scalar("final_logit_softcapping", finalLogitSoftcapping);
    const uncapped = head.matMulNBits(hidden, "embed_tokens", piece, "uncapped_logits");
    const bounded = head.apply("Tanh", [head.apply("Div", [uncapped, cap], "relative_logits")], "bounded_logits");
    head.apply("Mul", [bounded, cap], "logits");
  }
  head.output("logits", "float32", [1, "rows", piece.rows]);
  return head;
}
