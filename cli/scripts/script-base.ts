import { fileURLToPath } from "node:url";
import { unstable_readConfig } from "wrangler";
import type { ScriptBase } from "./script-config.ts";

const WRANGLER_TOML = fileURLToPath(new URL("../../wrangler.toml", import.meta.url));

/** What every script takes over from wrangler.toml, and its variables. */
export function readScriptBase(): ScriptBase & { readonly vars: Readonly<Record<string, string>> } {
  const config = unstable_readConfig({ config: WRANGLER_TOML });
  return { ...config, vars: config.vars as Record<string, string> };
}
