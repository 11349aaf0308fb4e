import type { TokenizerData } from "../tokenizer-file.ts";
import type { SteppedType } from "./ggml-blocks/block-type.ts";
import type { CheckpointConfig } from "./huggingface.ts";

/** Rows in ggml's blocks. */
export interface StoredBlocks {
  readonly type: SteppedType;
  /** Reads rows firstRow … as stored, as many as `into` holds. */
  read(firstRow: number, into: Uint8Array): Promise<void>;
}

/** The tensors of a checkpoint under the names and with the shapes that Hugging Face's transformers gives them. */
export interface CheckpointTensors {
  readonly names: Iterable<string>;
  /** Gemma multiplies by 1 + w: stored is w (0) or, in GGUF files, 1 + w (1). */
  readonly normWeightOffset: 0 | 1;
  /** The tensor of that name; throws a WeightsError unless it is there and has exactly this shape. */
  expect(name: string, shape: readonly number[]): void;
  /** Reads rows firstRow … of a tensor as float32, as many as `into` [rows, columns] holds. */
  readRows(name: string, firstRow: number, into: Float32Array<ArrayBuffer>): Promise<void>;
  /** The tensor as stored, when that is in blocks of quantised values; else null. */
  stored(name: string): StoredBlocks | null;
  close(): Promise<void>;
}

/** What a model is converted from. */
export interface Checkpoint {
  readonly config: CheckpointConfig;
  /** null when the checkpoint has none. */
  readonly tokenizer: TokenizerData | null;
  readonly tensors: CheckpointTensors;
}
