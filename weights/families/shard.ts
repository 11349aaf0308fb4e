import type { Architecture } from "../manifest.ts";
import type { DataFile } from "../onnx/external-layout.ts";

/** Graphs over common external data. */
export interface Shard {
  readonly graphs: readonly { readonly path: string; readonly bytes: Uint8Array }[];
  readonly data: readonly DataFile[];
}

/** Shape of a batch of hidden rows; positions need not begin at 0. */
export const hiddenShape = ({ hiddenSize }: Architecture) => [1, "rows", hiddenSize];
