import { forgets, kvWindow, type PoolSize, poolSizes, poolTableBytes } from "../../weights/kv-window.ts";
import type { KvBits, LayerStageOptions } from "../engine.ts";
import { KvPages } from "./kv-pages.ts";
import { KvPool, type KvPoolShape } from "./kv-pool.ts";
import { kvLayerBytes } from "./layout.ts";
import type { MemoryPlan } from "./memory.ts";
import type { StageAttention } from "./stage-program.ts";

/** Where a layer's keys and values lie: in pages of which pool, and how far inside a page. */
export interface KvLayer {
  readonly windowed: boolean;
  readonly offset: number;
}

export interface PlannedKv {
  /** Of each attention node of the stage in turn. */
  readonly layers: readonly KvLayer[];
  /** The pages, all free, once there is memory. */
  open(memory: WebAssembly.Memory): KvPages;
}

type KvOptions = Pick<LayerStageOptions, "manifest" | "kvTokens" | "kvWindowTokens" | "maxRows">;

/** Reserves page tables and pages for the layers of a stage, apart for those that see all tokens and those with a window. */
export function planKv(plan: MemoryPlan, options: KvOptions, attention: StageAttention, kvBits: KvBits): PlannedKv {
  const { manifest, kvTokens, kvWindowTokens = kvTokens, maxRows } = options;
  const { architecture } = manifest;
  const layerBytes = kvLayerBytes(attention.kvHeads, attention.headDim, kvBits);
  const contextTokens = architecture.maxPositionEmbeddings;
  const window = kvWindow(architecture);
  const sizes = poolSizes({ kvTokens, kvWindowTokens, contextTokens, window, maxRows });
  const layerCounts = { all: 0, window: 0 };
  // By the graphs, which are what is run: a layer that sees more than the manifest says keeps all pages.
  const layers = attention.windows.map((own): KvLayer => {
    const windowed = forgets({ window: own }, window);
    return { windowed, offset: layerCounts[windowed ? "window" : "all"]++ * layerBytes };
  });
  const place = (size: PoolSize | null, layerCount: number, window: number | null) =>
    size === null || layerCount === 0 ? null : placePool(plan, { ...size, pageBytes: layerCount * layerBytes, window });
  const all = place(sizes.all, layerCounts.all, null);
  const windowed = place(sizes.window, layerCounts.window, window);
  return {
    layers,
    open: (memory) =>
      new KvPages(
        { pages: sizes.all.pages, contextTokens },
        { all: all?.(memory) ?? null, window: windowed?.(memory) ?? null },
      ),
  };
}

function placePool(plan: MemoryPlan, shape: KvPoolShape): (memory: WebAssembly.Memory) => KvPool {
  const tables = plan.reserve("tables", poolTableBytes(shape));
  const pages = plan.reserve("kv", shape.pages * shape.pageBytes);
  return (memory) => new KvPool(shape, memory, tables, pages);
}
