import type { ModelFile } from "../../weights/manifest.ts";
import type { LayerStageOptions } from "../engine.ts";
import type { RotaryTable } from "../rotary-table.ts";
import type { Places } from "./bind.ts";
import type { Kernels } from "./kernels.ts";
import { planKv } from "./kv-memory.ts";
import type { KvPages } from "./kv-pages.ts";
import { attentionScratchBytes } from "./layout.ts";
import { MemoryPlan } from "./memory.ts";
import { placeBuffers, placeWeights } from "./placement.ts";
import type { Program, Step } from "./program.ts";
import { placeRotaryTables } from "./rotary-places.ts";
import { RowViews } from "./row-views.ts";
import { cacheBits, type SimdSettings } from "./settings.ts";
import type { StageAttention } from "./stage-program.ts";
import { loadWeights, stagingBytes } from "./weight-loader.ts";

/** The memory of some layers, or of a part of each: weights loaded, KV pages empty. */
export interface StageMemory {
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels;
  readonly places: Places;
  readonly kv: KvPages;
  readonly rotary: readonly RotaryViews[];
}

/** The tables of one rotary embedding, filled for the rows of each call. */
export interface RotaryViews {
  readonly table: RotaryTable;
  readonly cosines: RowViews;
  readonly sines: RowViews;
}

/**
 * Plans one memory for programs that never run at the same time, and streams the weights in from `files`, which hold
 * them all.
 */
export async function loadStageMemory(
  options: Omit<LayerStageOptions, "finalNorm">,
  settings: SimdSettings,
  programs: readonly Program<Step>[],
  attention: StageAttention,
  files: readonly ModelFile[],
): Promise<StageMemory> {
  const { source, maxRows } = options;
  const kvBits = cacheBits(settings);
  const plan = new MemoryPlan();
  const weights = placeWeights(plan, programs);
  const staging = plan.beginStaging(stagingBytes([...weights.matrices.keys()]));
  const rotary = placeRotaryTables(plan, options, attention.headDim);
  const kv = planKv(plan, options, attention, kvBits);
  const scratch = plan.reserve("scratch", attentionScratchBytes(attention.heads, attention.headDim, kvBits));
  const sized = programs.map((program) => ({ program, maxRows }));
  const buffers = placeBuffers(plan, sized, settings.activations);

  const memory = plan.create();
  const kernels = settings.kernels(memory);
  await loadWeights({ source, files, places: weights, memory, kernels, staging });
  // What staging left behind must not be taken for keys and values.
  new Uint8Array(memory.buffer, staging).fill(0);
  return {
    memory,
    kernels,
    places: {
      buffers,
      ...weights,
      rotary: rotary.byLayer,
      attention: { kvBits, scratch, layers: kv.layers },
      ids: 0,
    },
    kv: kv.open(memory),
    rotary: rotary.tables.map(({ table, place }) => ({
      table,
      cosines: new RowViews(memory, place.cosines, table.width),
      sines: new RowViews(memory, place.sines, table.width),
    })),
  };
}
