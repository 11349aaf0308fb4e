import { expect, test } from "vitest";
import { startLocalServer } from "./local-server.ts";
import { HOW_TO_GET_OPENAI, openaiThere, runPythonTests } from "./python.ts";
import { tenantKey } from "./tenant-key.ts";

test.skipIf(!openaiThere)(
  `the PyPI openai client, unchanged, does all that it can ask for (${HOW_TO_GET_OPENAI})`,
  async () => {
    await using server = await startLocalServer();
    const running = runPythonTests("Calls", {
      OPENAI_BASE_URL: `${server.url}/v1`,
      OPENAI_API_KEY: server.key,
      LAPIDARY_SINGLE_KEY: await tenantKey(server.url, { concurrency: 1 }),
    });
    await expect(running).resolves.toBeUndefined();
  },
);
