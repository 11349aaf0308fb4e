import type { Manifest } from "../manifest.ts";

/** One layer to run over sequences that each begin at position 0. */
export interface LayerRun {
  /** Its entry `layer` is the layer to run; the other entries may say anything. */
  readonly manifest: Manifest;
  readonly layer: number;
  /** A file of the layer's. */
  readonly read: (path: string) => Promise<Uint8Array>;
  /** Rows of the sequences, one after the other [tokens of all, hiddenSize]. */
  readonly hidden: Float32Array;
  /** Tokens of each sequence in turn. */
  readonly sequenceTokens: readonly number[];
  /** Where the layer's rows go: may be `hidden` itself. */
  readonly into?: Float32Array;
  /** Is shown the rows that enter matrix products, by the graph's name for them; valid during the call. */
  readonly onProductInput?: (name: string, rows: Float32Array) => void;
  /** Rows after which the rest of the layer need not be computed. */
  readonly lastProductInput?: string;
}

/** Runs a layer by an engine: what calibration is given, since `weights/` has none. */
export type RunLayer = (run: LayerRun) => Promise<void>;

/** Token sequences and the engine that shows what a model makes of them. */
export interface Calibration {
  readonly sequences: readonly (readonly number[])[];
  readonly runLayer: RunLayer;
}
