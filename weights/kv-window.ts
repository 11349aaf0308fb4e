import type { Architecture, LayerAttention } from "./manifest.ts";
import { kvSlots, PAGE_TOKENS, pagesPerSlot } from "./packed-sizes.ts";

/**
 * What a layer with a window keeps of a session: the pages of keys that the next row, or a row up to a page before it,
 * can still see. That page more is kept so that a prefix can end at the last whole page of what was fed.
 */

/** Keys that rows see in those layers of a model that do not see all; the most of any such layer, null without one. */
export function kvWindow({ attention, maxPositionEmbeddings }: Architecture): number | null {
  const windows = attention.flatMap(({ window }) => window ?? []).filter((window) => window < maxPositionEmbeddings);
  return windows.length === 0 ? null : Math.max(...windows);
}

/** Whether a layer gives pages back where the model's window is `window`. */
export const forgets = (layer: Pick<LayerAttention, "window">, window: number | null) =>
  window !== null && layer.window !== null && layer.window <= window;

/** Whole pages of keys before the one a row is in that it can see into, at most. */
const pagesBehind = (window: number) => Math.ceil((window - 1) / PAGE_TOKENS);

/** The most pages a session holds at once, while up to `maxRows` rows are computed. */
export const mostWindowPages = (window: number, maxRows: number) =>
  pagesBehind(window) + Math.ceil((PAGE_TOKENS - 1 + maxRows) / PAGE_TOKENS);

/** The first page that a session of `tokens` tokens keeps. */
export const firstKeptPage = (window: number, tokens: number) =>
  Math.max(0, Math.floor(tokens / PAGE_TOKENS) - pagesBehind(window));

/** The first page that a row at position `tokens` reads. */
export const firstReadPage = (window: number, tokens: number) =>
  Math.floor(Math.max(0, tokens - window + 1) / PAGE_TOKENS);

/** Pages that sessions share, and how many of them a session holds at most. */
export interface PoolSize {
  readonly pages: number;
  readonly slots: number;
  readonly slotPages: number;
}

export const poolTableBytes = ({ slots, slotPages }: PoolSize) => slots * slotPages * 4;

/** What the pools of a stage are made for. */
export interface PoolLoad {
  readonly kvTokens: number;
  readonly kvWindowTokens: number;
  /** The most tokens of a session. */
  readonly contextTokens: number;
  /** As kvWindow. */
  readonly window: number | null;
  readonly maxRows: number;
}

/** The pool of layers that see all tokens, and that of layers with a window, which models may not have. */
export function poolSizes({ kvTokens, kvWindowTokens, contextTokens, window, maxRows }: PoolLoad): {
  readonly all: PoolSize;
  readonly window: PoolSize | null;
} {
  const cache = { pages: Math.ceil(kvTokens / PAGE_TOKENS), contextTokens };
  const all = { pages: cache.pages, slots: kvSlots(cache), slotPages: pagesPerSlot(cache) };
  if (window === null) return { all, window };
  const slotPages = Math.min(all.slotPages, mostWindowPages(window, maxRows));
  return { all, window: { pages: Math.ceil(kvWindowTokens / PAGE_TOKENS), slots: all.slots, slotPages } };
}

/** The fewest tokens from which a session that was kept at `tokens` tokens can go on. */
export const firstEntry = (window: number, tokens: number) => {
  const page = firstKeptPage(window, tokens);
  return page === 0 ? 0 : page * PAGE_TOKENS + window - 1;
};
