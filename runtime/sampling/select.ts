import { TABLE_TILE_ROWS } from "../../weights/manifest.ts";
import { InferenceError } from "../errors.ts";
import { CounterNoise } from "../random.ts";
import { bestIndices } from "./best.ts";
import { gumbel, gumbelCeiling } from "./gumbel.ts";
import { tileMasses } from "./mass.ts";
import type { Selection, ShardSelection } from "./selection.ts";

/**
 * A shard's answer to a selection, from `logits` of its rows firstRow, firstRow + 1, …; firstRow lies on a tile.
 * InferenceError internal when a logit is NaN or Infinity.
 */
export function selectFromLogits(logits: Float32Array, firstRow: number, selection: Selection): ShardSelection {
  if (firstRow % TABLE_TILE_ROWS !== 0) throw new InferenceError("internal", `row ${firstRow} does not begin a tile`);
  // −Infinity is a token that cannot be drawn.
  for (let index = 0; index < logits.length; index++)
    if (!(logits[index]! < Number.POSITIVE_INFINITY))
      throw new InferenceError("internal", `the logit of token ${firstRow + index} is ${logits[index]}`);
  const indices =
    selection.kind === "best" ? bestIndices(logits, selection.count) : noisiest(logits, firstRow, selection);
  return {
    ids: indices.map((index) => firstRow + index),
    logits: Float32Array.from(indices, (index) => logits[index]!),
    complete: indices.length === logits.length,
    tiles:
      selection.kind === "best" && selection.mass
        ? tileMasses(logits, selection.inverseTemperature)
        : new Float32Array(0),
  };
}

/** The index whose logit · inverseTemperature + noise is largest; equal sums by lower index. */
function noisiest(logits: Float32Array, firstRow: number, selection: Selection & { kind: "gumbel" }): Uint32Array {
  const { inverseTemperature, seed, position } = selection;
  const noise = new CounterNoise(seed, position);
  let best = Number.NEGATIVE_INFINITY;
  let bestIndex = 0;
  for (let index = 0; index < logits.length; index++) {
    const score = logits[index]! * inverseTemperature;
    const uniform = noise.uniform(firstRow + index);
    // Most rows cannot win, and their logarithms are saved.
    if (score + gumbelCeiling(uniform) < best) continue;
    const sum = score + gumbel(uniform);
    if (sum > best) {
      best = sum;
      bestIndex = index;
    }
  }
  return Uint32Array.of(bestIndex);
}
