import type { Manifest, ModelFile } from "./manifest.ts";

/** The files of each part of a model folder. */
export interface ManifestFiles {
  readonly layers: readonly ModelFile[];
  readonly finalNorm: readonly ModelFile[];
  readonly table: readonly ModelFile[];
  /** Tokenizer, if any, and licence. */
  readonly rest: readonly ModelFile[];
}

/** Every file a manifest names, by part; the manifest itself is not among them. */
export function manifestFiles({ layers, finalNorm, table, tokenizer, licence }: Manifest): ManifestFiles {
  return {
    layers: layers.flatMap(({ graph, data }) => [graph, ...data]),
    finalNorm: [finalNorm.graph, ...finalNorm.data],
    table: table.shards.flatMap(({ embed, head, data }) => [embed, head, ...data]),
    rest: tokenizer === null ? [licence] : [tokenizer, licence],
  };
}

export const sumBytes = (files: readonly ModelFile[]) => files.reduce((sum, { bytes }) => sum + bytes, 0);
