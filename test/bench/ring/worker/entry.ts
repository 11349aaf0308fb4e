// The service's own entry with the ways that do not go through HTTP beside its API: POST /bench/WAY.
import { api } from "../../../../functions/api.ts";
import type { Env } from "../../../../functions/env.ts";
import { deployedModel } from "../../../../functions/model.ts";
import { startGeneration } from "../../../../functions/routes/generation.ts";
import type { Workload } from "../workload.ts";
import { OneProcess } from "./one-process.ts";
import { requestOf } from "./request.ts";

export * from "../../../../functions/gateway.ts";

/** Finished only: a request must not wait for what another began. */
let loaded: OneProcess | undefined;

async function oneProcess(env: Env): Promise<OneProcess> {
  loaded ??= await OneProcess.open(env);
  return loaded;
}

/** What the gateway does after admission, without HTTP: asks the conductor and reads its events. Returns the ids. */
async function throughRing(env: Env, workload: Workload): Promise<number[]> {
  const model = await deployedModel(env);
  const id = crypto.randomUUID();
  // No ledger knows this tenant, so there is nothing to settle.
  const tenant = "ring-bench";
  const { manifestHash } = model;
  const { events } = await startGeneration(env, model, {
    ...{ id, tenant, reservationId: id, manifestHash },
    ...requestOf(workload),
  });
  const ids: number[] = [];
  for await (const event of events) if (event.type === "token") ids.push(...event.ids);
  return ids;
}

export default {
  async fetch(request: Request, env: Env, context: ExecutionContext): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (!pathname.startsWith("/bench/")) return api.fetch(request, env, context);
    const workload = await request.json<Workload>();
    switch (pathname.slice("/bench/".length)) {
      case "kernels":
        await (await oneProcess(env)).replay(workload);
        return Response.json({ ids: null });
      case "one-process":
        await (await oneProcess(env)).evaluate(workload);
        return Response.json({ ids: null });
      case "sampled":
        return Response.json({ ids: await (await oneProcess(env)).generate(workload) });
      case "ring":
        return Response.json({ ids: await throughRing(env, workload) });
      default:
        return new Response(null, { status: 404 });
    }
  },
} satisfies ExportedHandler<Env>;
