import { TABLE_TILE_ROWS } from "../../weights/manifest.ts";
import { InferenceError } from "../errors.ts";
import { CounterNoise } from "../random.ts";
import { bestIndices } from "./best.ts";
import { editLogits } from "./edit-logits.ts";
import { gumbel, gumbelCeiling } from "./gumbel.ts";
import { tileMasses } from "./mass.ts";
import type { RawReport, RawRequest, Selection, ShardSelection } from "./selection.ts";

/** Ranks as `bestIndices` does. */
export type Ranking = (logits: Float32Array, count: number) => Uint32Array;

/**
 * A shard's answer to a selection, from `logits` of its rows firstRow, firstRow + 1, …; firstRow lies on a tile.
 * InferenceError internal when a logit is NaN or Infinity. An engine may bring a faster `rank`.
 */
export function selectFromLogits(
  logits: Float32Array,
  firstRow: number,
  selection: Selection,
  rank: Ranking = bestIndices,
): ShardSelection {
  if (firstRow % TABLE_TILE_ROWS !== 0) throw new InferenceError("internal", `row ${firstRow} does not begin a tile`);
  // −Infinity is a token that cannot be drawn.
  for (let index = 0; index < logits.length; index++)
    if (!(logits[index]! < Number.POSITIVE_INFINITY))
      throw new InferenceError("internal", `the logit of token ${firstRow + index} is ${logits[index]}`);
  const { edits, raw, inverseTemperature } = selection;
  const edited = edits === undefined ? logits : editLogits(logits, firstRow, edits);
  const { indices, complete } =
    selection.kind === "best" ? bestDrawable(edited, selection.count, rank) : noisiest(edited, firstRow, selection);
  const masses = selection.kind === "best" && selection.mass;
  return {
    ids: indices.map((index) => firstRow + index),
    logits: Float32Array.from(indices, (index) => edited[index]!),
    complete,
    tiles: masses ? tileMasses(edited, inverseTemperature) : new Float32Array(0),
    ...(raw !== undefined && { raw: reportRaw(logits, firstRow, indices, raw, rank) }),
  };
}

interface Drawable {
  readonly indices: Uint32Array;
  /** True when nothing else can be drawn. */
  readonly complete: boolean;
}

/** The `count` largest logits; what cannot be drawn lies behind all others and is left out. */
function bestDrawable(logits: Float32Array, count: number, rank: Ranking): Drawable {
  const best = rank(logits, count);
  const end = best.findIndex((index) => logits[index] === Number.NEGATIVE_INFINITY);
  return { indices: end < 0 ? best : best.subarray(0, end), complete: end >= 0 || best.length === logits.length };
}

/** The index whose logit · inverseTemperature + noise is largest; equal sums by lower index. */
function noisiest(logits: Float32Array, firstRow: number, selection: Selection & { kind: "gumbel" }): Drawable {
  const { inverseTemperature, seed, position } = selection;
  const noise = new CounterNoise(seed, position);
  let best = Number.NEGATIVE_INFINITY;
  let bestIndex = -1;
  for (let index = 0; index < logits.length; index++) {
    const score = logits[index]! * inverseTemperature;
    // Where a mask leaves little, most rows are such.
    if (score === Number.NEGATIVE_INFINITY) continue;
    // Most rows cannot win, and their logarithms are saved.
    if (score + gumbelCeiling(noise.restExponent(firstRow + index)) < best) continue;
    const sum = score + gumbel(noise.uniform(firstRow + index));
    if (sum > best) {
      best = sum;
      bestIndex = index;
    }
  }
  return { indices: bestIndex < 0 ? new Uint32Array(0) : Uint32Array.of(bestIndex), complete: false };
}

function reportRaw(
  logits: Float32Array,
  firstRow: number,
  drawn: Uint32Array,
  { best, named }: RawRequest,
  rank: Ranking,
): RawReport {
  const bests = rank(logits, best);
  const here = named.filter((id) => id >= firstRow && id < firstRow + logits.length);
  return {
    logits: Float32Array.from(drawn, (index) => logits[index]!),
    bestIds: bests.map((index) => firstRow + index),
    bestLogits: Float32Array.from(bests, (index) => logits[index]!),
    namedIds: here,
    namedLogits: Float32Array.from(here, (id) => logits[id - firstRow]!),
    tiles: tileMasses(logits, 1),
  };
}
