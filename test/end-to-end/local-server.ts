import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI from "openai";
import { createDevKey } from "../../cli/dev-key.ts";
import { type DevServer, type DevServerOptions, startDevServer } from "../../cli/dev-server.ts";
import { ensureLocalSecrets } from "../../cli/prepare.mjs";
import { onStopSignal } from "../../cli/stop-signals.ts";

// wrangler is a process group of its own, which ends with an exit of this process and not with its signals.
onStopSignal(() => process.exit(1));

export interface LocalServer extends AsyncDisposable {
  readonly url: string;
  readonly key: string;
  /** The official client, pointed at this server. */
  readonly client: OpenAI;
}

/** A whole server (wrangler dev, workerd, all objects) on a free port with storage of its own. */
export async function startLocalServer(
  options: Omit<DevServerOptions, "port" | "persistTo"> = {},
): Promise<LocalServer> {
  ensureLocalSecrets();
  const storage = await mkdtemp(join(tmpdir(), "lapidary-test-"));
  let server: DevServer | undefined;
  const dispose = async () => {
    await server?.stop();
    await rm(storage, { recursive: true, force: true });
  };
  try {
    server = await startDevServer({ ...options, port: 0, persistTo: storage });
    const key = await createDevKey(server.url);
    const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: key, maxRetries: 0 });
    return { url: server.url, key, client, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}
