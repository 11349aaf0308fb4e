import { fileURLToPath } from "node:url";
import type { ScriptBase } from "./script-config.ts";

const WRANGLER_TOML = fileURLToPath(new URL("../../wrangler.toml", import.meta.url));

/** What every script takes over from wrangler.toml, and its variables. */
export async function readScriptBase(): Promise<ScriptBase & { readonly vars: Readonly<Record<string, string>> }> {
  // Imported only here: reading wrangler takes longer than most commands need.
  const { unstable_readConfig } = await import("wrangler");
  const config = unstable_readConfig({ config: WRANGLER_TOML });
  return { ...config, vars: config.vars as Record<string, string> };
}
