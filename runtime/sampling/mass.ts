import { TABLE_TILE_ROWS } from "../../weights/manifest.ts";
import { exp } from "../elementary.ts";

/** [max, Σ exp((logit − max) · inverseTemperature)] of each tile of rows, in row order. */
export function tileMasses(logits: Float32Array, inverseTemperature: number): Float32Array {
  const tiles = new Float32Array(2 * Math.ceil(logits.length / TABLE_TILE_ROWS));
  for (let tile = 0; 2 * tile < tiles.length; tile++) {
    const rows = logits.subarray(tile * TABLE_TILE_ROWS, (tile + 1) * TABLE_TILE_ROWS);
    let max = Number.NEGATIVE_INFINITY;
    for (const logit of rows) if (logit > max) max = logit;
    let sum = 0;
    if (max > Number.NEGATIVE_INFINITY) for (const logit of rows) sum += exp((logit - max) * inverseTemperature);
    tiles[2 * tile] = max;
    tiles[2 * tile + 1] = sum;
  }
  return tiles;
}

/**
 * Σ exp((logit − best) · inverseTemperature) over the whole vocabulary, from the shards' `tileMasses` in row order: summed
 * tile by tile, so that the cut into shards does not change a bit of it.
 */
export function totalMass(shards: readonly Float32Array[], best: number, inverseTemperature: number): number {
  let total = 0;
  for (const tiles of shards)
    for (let tile = 0; tile < tiles.length; tile += 2)
      total += tiles[tile + 1]! * exp((tiles[tile]! - best) * inverseTemperature);
  return total;
}

/** The largest logit of the whole vocabulary, from the shards' `tileMasses`; −Infinity when there is none. */
export function largestLogit(shards: readonly Float32Array[]): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const tiles of shards)
    for (let tile = 0; tile < tiles.length; tile += 2) largest = Math.max(largest, tiles[tile]!);
  return largest;
}
