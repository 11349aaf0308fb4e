import { forgets, kvWindow, mostWindowPages } from "../../weights/kv-window.ts";
import { kvSlots, pagesPerSlot } from "../../weights/packed-sizes.ts";
import type { KvBits, LayerStageOptions } from "../engine.ts";
import { KvPages, type KvShape } from "./kv-pages.ts";
import { KvPool, type KvPoolShape, poolTableBytes } from "./kv-pool.ts";
import { kvLayerBytes, PAGE_TOKENS } from "./layout.ts";
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
  const window = kvWindow(architecture);
  const shape: KvShape = {
    pages: Math.ceil(kvTokens / PAGE_TOKENS),
    contextTokens: architecture.maxPositionEmbeddings,
  };
  const layerCounts = { all: 0, window: 0 };
  // By the graphs, which are what is run: a layer that sees more than the manifest says keeps all pages.
  const layers = attention.windows.map((own): KvLayer => {
    const windowed = forgets({ window: own }, window);
    return { windowed, offset: layerCounts[windowed ? "window" : "all"]++ * layerBytes };
  });
  const slots = { slots: kvSlots(shape), slotPages: pagesPerSlot(shape) };
  const all: KvPoolShape = { ...slots, pages: shape.pages, pageBytes: layerCounts.all * layerBytes, window: null };
  const pools = {
    all: layerCounts.all === 0 ? null : placePool(plan, all),
    window:
      layerCounts.window === 0
        ? null
        : placePool(plan, {
            ...slots,
            pages: Math.ceil(kvWindowTokens / PAGE_TOKENS),
            slotPages: Math.min(slots.slotPages, mostWindowPages(window!, maxRows)),
            pageBytes: layerCounts.window * layerBytes,
            window,
          }),
  };
  return {
    layers,
    open: (memory) => new KvPages(shape, { all: pools.all?.(memory) ?? null, window: pools.window?.(memory) ?? null }),
  };
}

function placePool(plan: MemoryPlan, shape: KvPoolShape): (memory: WebAssembly.Memory) => KvPool {
  const tables = plan.reserve("tables", poolTableBytes(shape));
  const pages = plan.reserve("kv", shape.pages * shape.pageBytes);
  return (memory) => new KvPool(shape, memory, tables, pages);
}
