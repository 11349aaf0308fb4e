import type { Engine, KvBits } from "../runtime/engine.ts";
import { InferenceError } from "../runtime/errors.ts";

type EngineFactory = (activations: Engine["activations"], kvBits: KvBits | undefined) => Engine;

const factories = new Map<Engine["name"], EngineFactory>();

/** Makes an engine available to the objects of this script; an entry imports the engines it carries. */
export function carryEngine(name: Engine["name"], create: EngineFactory): void {
  factories.set(name, create);
}

/**
 * The engine the settings ask for, with its own choice of KV bits where none is given; InferenceError unsupported when
 * this script does not carry it, or when it cannot do so.
 */
export function createEngine(name: Engine["name"], activations: Engine["activations"], kvBits?: KvBits): Engine {
  const create = factories.get(name);
  if (create !== undefined) return create(activations, kvBits);
  const carried = [...factories.keys()].join(", ");
  throw new InferenceError(
    "unsupported",
    `LAPIDARY_ENGINE is "${name}", this script carries: ${carried}. The ort engine comes with wrangler's --env ort`,
  );
}
