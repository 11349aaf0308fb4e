import { z } from "zod";
import { WeightsError } from "./errors.ts";
import type { FolderWriter } from "./folder-writer.ts";
import { layerShardSchema } from "./manifest.ts";

const bits = z.union([z.literal(4), z.literal(8)]);
const progressSchema = z.strictObject({
  /** Of everything that decides the bytes. */
  fingerprint: z.string(),
  /** Of each layer's matrices, once they are chosen. */
  bits: z
    .array(
      z.strictObject({
        q_proj: bits,
        k_proj: bits,
        v_proj: bits,
        o_proj: bits,
        gate_proj: bits,
        up_proj: bits,
        down_proj: bits,
      }),
    )
    .nullable(),
  /** Manifest entries of the layers that are written. */
  layers: z.array(layerShardSchema),
});

export type ConversionProgress = z.infer<typeof progressSchema>;

/** What an unfinished folder holds already; WeightsError when it was begun with other options. */
export async function readProgress(writer: FolderWriter, fingerprint: string): Promise<ConversionProgress> {
  const text = await writer.progress();
  if (text === null) return { fingerprint, bits: null, layers: [] };
  const parsed = progressSchema.safeParse(JSON.parse(text));
  if (!parsed.success)
    throw new WeightsError(`the unfinished conversion's progress is damaged: start again without --resume`, {
      cause: parsed.error,
    });
  if (parsed.data.fingerprint !== fingerprint)
    throw new WeightsError(
      "the unfinished conversion was begun with another checkpoint or other options: repeat those, or start again without --resume",
    );
  return parsed.data;
}
