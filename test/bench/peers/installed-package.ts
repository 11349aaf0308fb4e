import { readFileSync } from "node:fs";
import { PeerMissingError } from "./peer.ts";

export const PEERS_FOLDER = import.meta.dirname;

/** The installed version of a peer's package; throws a PeerMissingError when it is not installed. */
export function installedVersion(packageName: string): string {
  const path = `${PEERS_FOLDER}/node_modules/${packageName}/package.json`;
  try {
    return (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version;
  } catch (cause) {
    throw new PeerMissingError(`${packageName} is not installed; run \`npm ci\` in test/bench/peers`, { cause });
  }
}
