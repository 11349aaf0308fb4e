import { join } from "node:path";
import { expect, test } from "vitest";
import { convert } from "../../weights/convert.ts";
import { finalNormShard } from "../../weights/families/final-norm.ts";
import { layerShard } from "../../weights/families/layer.ts";
import { tableRanges, tableShard } from "../../weights/families/table.ts";
import { TensorFiles } from "../../weights/sources/tensor-files.ts";
import { dequantise } from "./dequantise.ts";
import { sharedFolder } from "./shared-folder.ts";
import { temporaryFolder } from "./temporary-folder.ts";

// The golden checkpoints' weights are q · s to begin with: 4 and 8 bits can hold them without loss, so they must.
for (const name of ["gemma1-mqa", "gemma1-mha-wide", "gemma2-window", "gemma3-window", "gemma3-scaled-rope"])
  test(`${name}: every weight is recovered exactly`, async (context) => {
    const checkpoint = sharedFolder(context, `golden/${name}`);
    const folder = join(temporaryFolder(), name);
    const { architecture } = await convert({ checkpoint, target: folder });
    const tensors = await TensorFiles.open(checkpoint);
    const shards = [
      ...Array.from({ length: architecture.numHiddenLayers }, (_, layer) => layerShard(architecture, layer)),
      finalNormShard(architecture),
      ...tableRanges(architecture).map((range, index) =>
        tableShard(architecture, { ...range, index, checkpointRows: architecture.vocabSize }),
      ),
    ];
    const seen = new Set<string>();
    for (const piece of shards.flatMap(({ data }) => data.flatMap(({ pieces }) => pieces))) {
      const original = new Float32Array(piece.rows * piece.columns);
      await tensors.readRows(piece.source, piece.firstRow, original);
      const expected = piece.encoding === "rms-norm" ? original.map((weight) => 1 + weight) : original;
      const found = dequantise(folder, piece);
      expect(found.length, piece.source).toBe(expected.length);
      // By number: −0 and 0 are one weight.
      expect(
        found.findIndex((weight, i) => weight !== expected[i]),
        piece.source,
      ).toBe(-1);
      seen.add(piece.source);
    }
    expect([...seen].toSorted()).toEqual([...tensors.names].toSorted());
    await tensors.close();
  });
