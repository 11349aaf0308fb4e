// The service's own entry with objects that can be killed beside it, for `npm run load`: POST /load/kill. Never deployed.
import { api } from "../../../functions/api.ts";
import type { Env } from "../../../functions/env.ts";
import {
  Conductor as ServedConductor,
  Stage as ServedStage,
  Vocabulary as ServedVocabulary,
} from "../../../functions/gateway.ts";

export * from "../../../functions/gateway.ts";

/** Ids of the objects that were ever there; one local process holds them all. */
const known = { CONDUCTOR: new Set<string>(), STAGE: new Set<string>(), VOCABULARY: new Set<string>() };

export class Conductor extends ServedConductor {
  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    known.CONDUCTOR.add(state.id.toString());
  }

  die(): void {
    this.ctx.abort("killed under load");
  }
}

export class Stage extends ServedStage {
  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    known.STAGE.add(state.id.toString());
  }

  die(): void {
    this.ctx.abort("killed under load");
  }
}

export class Vocabulary extends ServedVocabulary {
  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    known.VOCABULARY.add(state.id.toString());
  }

  die(): void {
    this.ctx.abort("killed under load");
  }
}

/** Kills one object of the pipeline at random; its class, or "" when there is none. */
async function kill(env: Env): Promise<string> {
  const victims = Object.entries(known).flatMap(([binding, ids]) => [...ids].map((id) => ({ binding, id })));
  const victim = victims[Math.floor(Math.random() * victims.length)];
  if (victim === undefined) return "";
  const namespace = env[victim.binding as keyof typeof known] as unknown as DurableObjectNamespace<Stage>;
  // What is cut off in the middle of a call does not answer it.
  await namespace
    .get(namespace.idFromString(victim.id))
    .die()
    .catch(() => undefined);
  return victim.binding;
}

export default {
  async fetch(request: Request, env: Env, context: ExecutionContext): Promise<Response> {
    if (new URL(request.url).pathname !== "/load/kill") return api.fetch(request, env, context);
    return new Response(await kill(env));
  },
} satisfies ExportedHandler<Env>;
