import { WeightsError } from "./errors.ts";
import type { Architecture } from "./manifest.ts";
import { BLOCK, SEGMENT } from "./packed-sizes.ts";

/** Objects one layer may be split over. */
export const MAX_LAYER_PARTS = 16;

/** What one part of a split layer computes: some heads and some columns of the feed-forward. */
export interface LayerPart {
  readonly firstHead: number;
  readonly heads: number;
  /** The heads of keys and values that those query heads look at; parts that share one each keep it. */
  readonly firstKvHead: number;
  readonly kvHeads: number;
  /** Of the feed-forward. */
  readonly firstColumn: number;
  readonly columns: number;
}

/**
 * Splits every layer of a model into `parts` parts, as evenly as whole heads and whole activation segments of 128
 * columns allow (whole blocks of 32 where the feed-forward is too narrow for that). A part takes the groups of query
 * heads of some key heads or, where there are fewer key heads than parts, some query heads of one. WeightsError when that
 * is impossible.
 */
export function splitLayer(architecture: Architecture, parts: number): readonly LayerPart[] {
  const { numAttentionHeads, numKeyValueHeads, intermediateSize } = architecture;
  const refuse = (why: string): never => {
    throw new WeightsError(`a layer of this model cannot be split into ${parts} parts: ${why}`);
  };
  if (!Number.isInteger(parts) || parts < 1 || parts > MAX_LAYER_PARTS)
    refuse(`expected a whole number from 1 to ${MAX_LAYER_PARTS}`);
  const group = numAttentionHeads / numKeyValueHeads;
  const sharing = parts / numKeyValueHeads;
  if (parts > numAttentionHeads) refuse(`it has ${numAttentionHeads} heads`);
  if (sharing > 1 && (!Number.isInteger(sharing) || sharing > group))
    refuse(`it has ${numKeyValueHeads} heads of keys and values for ${group} of queries each`);
  const unit = intermediateSize >= parts * SEGMENT ? SEGMENT : BLOCK;
  if (intermediateSize < parts * unit) refuse(`its feed-forward has ${intermediateSize} columns`);

  const columns = splitEvenly(Math.ceil(intermediateSize / unit), parts).map(({ first, count }) => {
    const firstColumn = first * unit;
    return { firstColumn, columns: Math.min(intermediateSize, firstColumn + count * unit) - firstColumn };
  });
  return columns.map((range, part) => ({ ...headsOf(part), ...range }));

  function headsOf(part: number): Omit<LayerPart, "firstColumn" | "columns"> {
    if (sharing <= 1) {
      const { first, count } = splitEvenly(numKeyValueHeads, parts)[part]!;
      return { firstHead: first * group, heads: count * group, firstKvHead: first, kvHeads: count };
    }
    const kvHead = Math.floor(part / sharing);
    const { first, count } = splitEvenly(group, sharing)[part % sharing]!;
    return { firstHead: kvHead * group + first, heads: count, firstKvHead: kvHead, kvHeads: 1 };
  }
}

/** The numbers of parts a model's layers can be split into, 1 first. */
export function layerWidths(architecture: Architecture): number[] {
  const widths = Array.from({ length: MAX_LAYER_PARTS }, (_, index) => index + 1);
  return widths.filter((parts) => {
    try {
      return splitLayer(architecture, parts).length === parts;
    } catch (error) {
      if (error instanceof WeightsError) return false;
      throw error;
    }
  });
}

/** Cuts `length` things into runs whose lengths differ by one at most, the longer ones spread out. */
export function splitEvenly(length: number, parts: number): { first: number; count: number }[] {
  const bound = (part: number) => Math.ceil((part * length) / parts);
  return Array.from({ length: parts }, (_, part) => ({ first: bound(part), count: bound(part + 1) - bound(part) }));
}
