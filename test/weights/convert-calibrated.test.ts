import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FolderSource, readManifest } from "../../cli/folder-source.ts";
import { addDivergence, noDivergence } from "../../runtime/divergence.ts";
import { LocalModel } from "../../runtime/local-model.ts";
import { type ConvertOptions, convert } from "../../weights/convert.ts";
import { allLogits } from "../runtime/all-logits.ts";
import { simdEngine } from "../runtime/kernel-builds.ts";
import { tinyCalibration } from "./calibrated-tiny.ts";
import { folderContents } from "./folder-contents.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { writeCheckpoint } from "./tiny-checkpoint.ts";

const ids = Array.from({ length: 60 }, (_, i) => (i * 53 + 11) % 1088);

async function logitsOf(folder: string): Promise<Float32Array> {
  const manifest = await readManifest(folder);
  return allLogits(
    await LocalModel.open({ manifest, source: new FolderSource(folder), engine: await simdEngine("simd128", 16) }),
    ids,
  );
}

async function klFrom(reference: Float32Array, folder: string): Promise<number> {
  const logits = await logitsOf(folder);
  const sums = noDivergence();
  for (let at = 0; at < logits.length; at += 1088)
    addDivergence(sums, logits.subarray(at, at + 1088), reference.subarray(at, at + 1088), undefined);
  return sums.kl / sums.positions;
}

test("searching is nearer to the model than rounding, GPTQ nearer still, mixed bits nearest", async () => {
  const folder = temporaryFolder();
  const checkpoint = writeCheckpoint(join(folder, "checkpoint"));
  const to = async (method: "round" | "search" | "gptq", bitsPerWeight: number) => {
    const target = join(folder, `${method}-${bitsPerWeight}`);
    await convert({
      checkpoint,
      target,
      name: "tiny",
      quantisation: { method, bitsPerWeight },
      calibration: tinyCalibration,
    });
    return target;
  };
  const reference = await logitsOf(await to("round", 8.5));
  const kl = async (...how: Parameters<typeof to>) => klFrom(reference, await to(...how));
  const [rounded, searched, compensated] = [await kl("round", 4.5), await kl("search", 4.5), await kl("gptq", 4.5)];
  const mixed = await kl("gptq", 6);
  expect(searched).toBeLessThan(rounded);
  expect(compensated).toBeLessThan(searched);
  expect(mixed).toBeLessThan(compensated);
});

test("a calibrated conversion that is stopped goes on to the same bytes", async () => {
  const folder = temporaryFolder();
  const options: ConvertOptions = {
    checkpoint: writeCheckpoint(join(folder, "checkpoint")),
    target: join(folder, "model"),
    name: "tiny",
    quantisation: { method: "gptq", bitsPerWeight: 5.5 },
    calibration: tinyCalibration,
  };
  await convert(options);
  const whole = folderContents(options.target);

  const reason = new Error("enough");
  const stop = new AbortController();
  const target = join(folder, "stopped");
  const onProgress = () => {
    if (readdirSync(join(folder, ".stopped.unfinished")).includes("layer-00.onnx")) stop.abort(reason);
  };
  await expect(convert({ ...options, target, onProgress, signal: stop.signal })).rejects.toBe(reason);
  expect(readdirSync(folder)).not.toContain("stopped");
  expect(readdirSync(join(folder, ".stopped.unfinished"))).toContain("progress.json");

  const different = { ...options, target, resume: true, quantisation: { method: "gptq", bitsPerWeight: 6 } } as const;
  await expect(convert(different)).rejects.toThrow(/begun with another checkpoint or other options/);
  await convert({ ...options, target, resume: true });
  expect(folderContents(target)).toEqual(whole);
  expect(readdirSync(folder).toSorted()).toEqual(["checkpoint", "model", "stopped"]);
});

test("what calibration needs and does not find is named", async () => {
  const folder = temporaryFolder();
  const checkpoint = writeCheckpoint(join(folder, "checkpoint"));
  const target = join(folder, "model");
  const fails = (quantisation: ConvertOptions["quantisation"], calibration = tinyCalibration) =>
    expect(convert({ checkpoint, target, quantisation, calibration })).rejects;
  await expect(convert({ checkpoint, target, quantisation: { method: "gptq", bitsPerWeight: 4.5 } })).rejects.toThrow(
    /gptq with 4.5 bits a weight needs calibration/,
  );
  await fails({ method: "round", bitsPerWeight: 4 }).toThrow(/expected 4.5 to 8.5 bits a weight, found 4/);
  await fails({ method: "gptq", bitsPerWeight: 4.5 }, { ...tinyCalibration, sequences: () => [[3, 1088]] }).toThrow(
    /calibration token 1088 is not in the vocabulary, 0 … 1087/,
  );
  await fails({ method: "gptq", bitsPerWeight: 4.5 }, { ...tinyCalibration, sequences: () => [] }).toThrow(
    /the calibration text has no tokens/,
  );
});
