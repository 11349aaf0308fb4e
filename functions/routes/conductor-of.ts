import type { Env } from "../env.ts";
import type { Model } from "../model.ts";

/** Hex digits of the manifest's hash in a conductor's name: another model folder is another pipeline. */
const HASH_PREFIX_DIGITS = 16;

/** The conductor of a model's pipeline. */
export function conductorOf(env: Env, { manifest, manifestHash }: Model) {
  return env.CONDUCTOR.getByName(`${manifest.name}:${manifestHash.slice(0, HASH_PREFIX_DIGITS)}`);
}
