import { expect, test } from "vitest";
import { startLocalServer } from "./local-server.ts";

test("a local server with a wrong setting ends at once and names it, instead of waiting for better", async () => {
  const start = startLocalServer({ vars: { LAPIDARY_MAX_SESSIONS: "100000" } });
  await expect(start).rejects.toThrow(/^A setting is wrong:[\s\S]*LAPIDARY_MAX_SESSIONS: [\s\S]*<=256/);
});
