import { Presets, SingleBar } from "cli-progress";

const MEGABYTE = 1e6;

/** A bar of megabytes on standard error; silent where that is no terminal. Ends when `work` does. */
export async function withProgress<T>(
  work: (onProgress: (doneBytes: number, totalBytes: number) => void) => Promise<T>,
): Promise<T> {
  const format = "{bar} {percentage} % | {value} of {total} MB | {eta_formatted} left";
  const bar = new SingleBar({ clearOnComplete: true, noTTYOutput: false, format }, Presets.shades_classic);
  const megabytes = (bytes: number) => Math.round(bytes / MEGABYTE);
  try {
    return await work((doneBytes, totalBytes) => {
      if (!process.stderr.isTTY) return;
      if (bar.isActive) bar.update(megabytes(doneBytes));
      else bar.start(megabytes(totalBytes), megabytes(doneBytes));
    });
  } finally {
    bar.stop();
  }
}
