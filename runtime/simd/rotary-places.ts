import type { LayerStageOptions } from "../engine.ts";
import { RotaryTable } from "../rotary-table.ts";
import type { RotaryPlace } from "./bind.ts";
import type { MemoryPlan } from "./memory.ts";

/** A rotary embedding that some layers of a stage have in common. */
export interface PlacedRotaryTable {
  readonly table: RotaryTable;
  readonly place: RotaryPlace;
}

/**
 * Reserves the rotary tables of a stage's layers, [maxRows, headDim / 2] each, once for every base and factor: models
 * with local and global layers have two.
 */
export function placeRotaryTables(
  plan: MemoryPlan,
  {
    manifest,
    firstLayer,
    layerCount,
    maxRows,
  }: Pick<LayerStageOptions, "manifest" | "firstLayer" | "layerCount" | "maxRows">,
  headDim: number,
): { tables: readonly PlacedRotaryTable[]; byLayer: readonly RotaryPlace[] } {
  const tables = new Map<string, PlacedRotaryTable>();
  const layers = manifest.architecture.attention.slice(firstLayer, firstLayer + layerCount);
  const byLayer = layers.map(({ ropeTheta, ropeFactor }) => {
    const key = `${ropeTheta} ${ropeFactor}`;
    let placed = tables.get(key);
    if (placed === undefined) {
      const table = new RotaryTable(ropeTheta, headDim, ropeFactor);
      const bytes = maxRows * table.width * 4;
      placed = { table, place: { cosines: plan.reserve("tables", bytes), sines: plan.reserve("tables", bytes) } };
      tables.set(key, placed);
    }
    return placed.place;
  });
  return { tables: [...tables.values()], byLayer };
}
