import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const WAIT_LIMIT_MS = 20_000;
const ASK_AGAIN_MS = 50;

/** A folder that a browser may fill. */
export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
  /** The text of the file whose name begins so, once it is there. */
  text(name: string): Promise<string>;
}

export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), "lapidary-folder-"));
  return {
    path,
    async text(name) {
      const limitMs = Date.now() + WAIT_LIMIT_MS;
      for (;;) {
        const file = (await readdir(path)).find((entry) => entry.startsWith(name) && !entry.endsWith(".crdownload"));
        if (file) return await readFile(join(path, file), "utf8");
        if (Date.now() > limitMs) throw new Error(`no file ${name}… within ${WAIT_LIMIT_MS} ms`);
        await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
      }
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}
