import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, vi } from "vitest";
import { readEvents } from "../../../functions/generation-events.ts";
import { deployedModel } from "../../../functions/model.ts";
import type { Stage } from "../../../functions/objects/stage.ts";
import type { Vocabulary } from "../../../functions/objects/vocabulary-shard.ts";
import type { GenerateCall } from "../../../functions/pipeline/generation-call.ts";
import type { GenerationRequest } from "../../../runtime/generate.ts";

const KV_TOKENS = 8192;
const PAGE_TOKENS = 32;

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

/** A hot request that goes on for long, so that there is time to disturb it. */
export const storyFor = (maxTokens: number) =>
  requestFor("Once upon a time there was a small house in the forest, and", {
    sampling: { temperature: 5, topK: 0, topP: 1, minP: 0, seed: 7n },
    maxTokens,
  });

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
    if (event.type === "prompt") continue;
    ids.push(...event.ids);
    text += event.text;
  }
  throw new Error("the stream ended without an end");
}

/** The object that holds a part of a conductor's pipeline, for example "stage-1-0" or "vocabulary-0". */
export async function partOf(
  conductor: ConductorStub,
  part: `stage-${number}-${number}` | `stage-${number}-${number}-part-${number}`,
) {
  return env.STAGE.getByName(await partName(conductor, part));
}

export async function shardOf(conductor: ConductorStub, part: `vocabulary-${number}`) {
  return env.VOCABULARY.getByName(await partName(conductor, part));
}

async function partName(conductor: ConductorStub, part: string): Promise<string> {
  const { pipelineHash } = await conductor.status();
  return `${conductor.id}/${pipelineHash.slice(0, 16)}/${part}`;
}

/** Cuts an object off as a crash or a deployment does: its memory is gone, its sockets close abnormally. */
export async function abort(
  stub: DurableObjectStub<Stage> | DurableObjectStub<Vocabulary> | ConductorStub,
): Promise<void> {
  await runInDurableObject(stub as DurableObjectStub<Stage>, (_, state) => state.abort("aborted by a test")).catch(
    () => {},
  );
}

/** Has an object abort itself once it serves a session that has taken some pages. */
export async function abortInTheMiddle(stub: DurableObjectStub<Stage> | DurableObjectStub<Vocabulary>): Promise<void> {
  await runInDurableObject(stub as DurableObjectStub<Stage>, (instance, state) => {
    let polls = 0;
    const timer = setInterval(() => {
      const { sessions, freeKvTokens } = instance.report();
      if (sessions === 0 || (freeKvTokens ?? 0) > KV_TOKENS - PAGE_TOKENS || ++polls < 2) return;
      clearInterval(timer);
      state.abort("aborted by a test");
    }, 2);
  });
}

/** Resolves when no part holds a session any more, and no page but those of the prefixes that are kept; fails when that takes over `limitMs`. */
export async function allFree(
  conductor: ConductorStub,
  limitMs = 2000,
  kvTokens = KV_TOKENS,
  kvWindowTokens = kvTokens,
): Promise<void> {
  await vi.waitFor(
    async () => {
      const { sessions, waiting, running, passages, unanswered, stages, shards } = await conductor.status();
      const replicas = stages.flatMap((stage) => stage.replicas).filter(({ state }) => state === "ready");
      const counts = { sessions, waiting, running, passages, unanswered };
      expect(counts).toEqual({ sessions: 0, waiting: 0, running: 0, passages: 0, unanswered: 0 });
      expect(shards.map((shard) => shard.sessions)).toEqual(shards.map(() => 0));
      expect(replicas).toEqual(
        replicas.map((replica) => ({
          ...replica,
          sessions: replica.prefixes,
          reservedTokens: 0,
          reservedWindowTokens: 0,
          freeKvTokens: kvTokens - replica.cachedTokens,
          ...(replica.freeKvWindowTokens !== undefined && {
            freeKvWindowTokens: kvWindowTokens - replica.cachedWindowTokens,
          }),
        })),
      );
    },
    { timeout: limitMs, interval: 20 },
  );
}
