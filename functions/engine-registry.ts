import type { Engine } from "../runtime/engine.ts";
import { InferenceError } from "../runtime/errors.ts";

type EngineFactory = (activations: Engine["activations"]) => Engine;

const factories = new Map<Engine["name"], EngineFactory>();

/** Makes an engine available to the objects of this script; an entry imports the engines it carries. */
export function carryEngine(name: Engine["name"], create: EngineFactory): void {
  factories.set(name, create);
}

/** The engine the settings ask for; InferenceError unsupported when this script does not carry it. */
export function createEngine(name: Engine["name"], activations: Engine["activations"]): Engine {
  const create = factories.get(name);
  if (create !== undefined) return create(activations);
  const carried = [...factories.keys()].join(", ");
  throw new InferenceError(
    "unsupported",
    `LAPIDARY_ENGINE is "${name}", this script carries: ${carried}. The ort engine comes with wrangler's --env ort`,
  );
}
