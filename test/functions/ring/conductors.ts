import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { readEvents } from "../../../functions/generation-events.ts";
import { deployedModel } from "../../../functions/model.ts";
import type { GenerateCall } from "../../../functions/pipeline/generation-call.ts";
import type { GenerationRequest } from "../../../runtime/generate.ts";

/** A conductor of its own, with its own stages and shards, cut as `settings` (LAPIDARY_…, all text) say. */
export async function freshConductor(settings: Readonly<Record<string, string>> = {}) {
  const conductor = env.CONDUCTOR.getByName(crypto.randomUUID());
  await runInDurableObject(conductor, (instance) => Object.assign(instance, { env: { ...env, ...settings } }));
  return conductor;
}

export type ConductorStub = Awaited<ReturnType<typeof freshConductor>>;

export const GREEDY = { temperature: 0, topK: 0, topP: 1, minP: 0, seed: 0n };

/** What to generate: the demo model's own ids of a prompt, sampled greedily unless said otherwise. */
export async function requestFor(prompt: string, options: Partial<GenerationRequest> = {}): Promise<GenerationRequest> {
  const { manifest, tokenizer } = await deployedModel(env);
  const promptIds = [manifest.specialTokens.bos, ...tokenizer!.encode(prompt)];
  return { promptIds, sampling: GREEDY, maxTokens: 24, stopIds: manifest.specialTokens.stop, stop: [], ...options };
}

export async function callFor(request: GenerationRequest, call: Partial<GenerateCall> = {}): Promise<GenerateCall> {
  const { manifestHash } = await deployedModel(env);
  const { promptIds, sampling, maxTokens, stop } = request;
  const id = crypto.randomUUID();
  return { id, tenant: `tenant-${id}`, reservationId: id, manifestHash, promptIds, sampling, maxTokens, stop, ...call };
}

/** Runs a generation to its end; throws when it is refused or fails. */
export async function generateOn(conductor: ConductorStub, call: GenerateCall) {
  const answer = await conductor.generate(call);
  if (!answer.admitted) throw new Error(`refused: ${answer.failure.code}: ${answer.failure.message}`);
  const ids: number[] = [];
  let text = "";
  for await (const event of readEvents(answer.events, new AbortController().signal)) {
    if (event.type === "done") return { ids, text, finish: event.finish };
    ids.push(...event.ids);
    text += event.text;
  }
  throw new Error("the stream ended without an end");
}
