import type { Env } from "../env.ts";
import type { Stage } from "../objects/stage.ts";
import type { Vocabulary } from "../objects/vocabulary-shard.ts";
import type { Successor } from "./assignment.ts";
import type { FaultPlace } from "./frame.ts";
import { partBinding } from "./part-binding.ts";

/** Bindings of the parts' objects. */
export type PartBindings = Pick<Env, "STAGE" | "VOCABULARY">;

/**
 * Where the objects of stage `group` live: in the script bound for it, or where all parts are. A helper of its layers may
 * have a script of its own.
 */
export function stageNamespace(bindings: PartBindings, group: number, part = 0): Env["STAGE"] {
  const stage = { group, replica: 0 };
  return boundTo(bindings, { ...stage, part }) ?? boundTo(bindings, stage) ?? bindings.STAGE;
}

/** Where vocabulary shard `replica` lives: in the script bound for it, or where all parts are. */
export function vocabularyNamespace(bindings: PartBindings, replica: number): Env["VOCABULARY"] {
  return boundTo(bindings, { group: "vocabulary", replica }) ?? bindings.VOCABULARY;
}

/** The object that holds a part. */
export function partStub(
  bindings: PartBindings,
  { place, name }: Successor,
): DurableObjectStub<Stage> | DurableObjectStub<Vocabulary> {
  const { group, replica, part } = place;
  const namespace =
    group === "vocabulary" ? vocabularyNamespace(bindings, replica) : stageNamespace(bindings, group, part);
  return namespace.getByName(name);
}

function boundTo<Namespace>(bindings: object, place: FaultPlace): Namespace | undefined {
  return (bindings as Readonly<Record<string, Namespace | undefined>>)[partBinding(place)];
}
