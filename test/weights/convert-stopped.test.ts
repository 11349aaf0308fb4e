import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { convert } from "../../weights/convert.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { writeCheckpoint } from "./tiny-checkpoint.ts";

test("a conversion that is stopped leaves nothing behind", async () => {
  const folder = temporaryFolder();
  const checkpoint = writeCheckpoint(join(folder, "checkpoint"));
  const stop = new AbortController();
  const reason = new Error("enough");
  const onProgress = (doneBytes: number, totalBytes: number) => {
    if (doneBytes > totalBytes / 2) stop.abort(reason);
  };
  await expect(convert({ checkpoint, target: join(folder, "model"), onProgress, signal: stop.signal })).rejects.toBe(
    reason,
  );
  expect(readdirSync(folder)).toEqual(["checkpoint"]);
});

test("progress grows to the whole", async () => {
  const folder = temporaryFolder();
  const steps: number[][] = [];
  await convert({
    checkpoint: writeCheckpoint(join(folder, "checkpoint")),
    target: join(folder, "model"),
    onProgress: (...step) => steps.push(step),
  });
  const [last, total] = steps.at(-1)!;
  expect(last).toBe(total);
  expect(steps.every(([done], i) => i === 0 || done! >= steps[i - 1]![0]!)).toBe(true);
});
