import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { convert } from "../../weights/convert.ts";
import { OrtModel } from "./ort-model.ts";
import { readFloats, sharedFolder } from "./shared-folder.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** RMS error over the standard deviation of the expected values. */
const MAX_RELATIVE_ERROR = 0.0005;

for (const name of ["gemma1-mqa", "gemma1-mha-wide", "gemma2-window", "gemma3-window", "gemma3-scaled-rope"])
  for (const chunk of [48, 5])
    test(`${name} in onnxruntime-web, chunks of ${chunk}: the reference's logits and hidden rows`, async (context) => {
      const checkpoint = sharedFolder(context, `golden/${name}`);
      const folder = join(temporaryFolder(), name);
      const manifest = await convert({ checkpoint, target: folder });
      const { prompt } = JSON.parse(readFileSync(join(checkpoint, "expected.json"), "utf8")) as { prompt: number[] };
      const model = await OrtModel.open(folder, manifest);
      const logits: number[] = [];
      let lastHidden: Float32Array[] = [];
      for (let at = 0; at < prompt.length; at += chunk) {
        const result = await model.run(prompt.slice(at, at + chunk));
        logits.push(...result.logits);
        lastHidden = result.lastHidden;
      }
      await model.close();
      const hidden = lastHidden.flatMap((row) => [...row]);
      expect(relativeError(logits, readFloats(join(checkpoint, "logits.f32")))).toBeLessThan(MAX_RELATIVE_ERROR);
      expect(relativeError(hidden, readFloats(join(checkpoint, "hidden-last.f32")))).toBeLessThan(MAX_RELATIVE_ERROR);
    });

function relativeError(found: readonly number[], expected: Float32Array): number {
  expect(found.length).toBe(expected.length);
  const mean = expected.reduce((sum, value) => sum + value, 0) / expected.length;
  const variance = expected.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(expected.reduce((sum, value, i) => sum + (value - found[i]!) ** 2, 0) / variance);
}
