import type { Architecture } from "../manifest.ts";
import { gemma1Layer } from "./gemma1.ts";
import { gemma2Layer } from "./gemma2.ts";
import { gemma3TextLayer } from "./gemma3-text.ts";
import { evenBits, type LayerBits } from "./layer-bits.ts";
import { LayerGraph, type PlannedLayer } from "./layer-graph.ts";

const DESCRIPTIONS: Record<Architecture["family"], (layer: LayerGraph) => void> = {
  gemma1: gemma1Layer,
  gemma2: gemma2Layer,
  gemma3_text: gemma3TextLayer,
};

/** One decoder layer of the architecture's family; LayerGraph says what goes in and out. */
export function layerShard(architecture: Architecture, layer: number, bits: LayerBits = evenBits(4)): PlannedLayer {
  const graph = new LayerGraph(architecture, layer, bits);
  DESCRIPTIONS[architecture.family](graph);
  return graph.finish();
}
