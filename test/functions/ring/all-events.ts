import { env } from "cloudflare:workers";
import "../../../functions/engine-simd.ts";
import { AssetsSource } from "../../../functions/assets-source.ts";
import { createEngine } from "../../../functions/engine-registry.ts";
import { type AnswerEvent, readEvents } from "../../../functions/generation-events.ts";
import { deployedModel } from "../../../functions/model.ts";
import type { GenerateCall } from "../../../functions/pipeline/generation-call.ts";
import { type GenerationRequest, generate } from "../../../runtime/generate.ts";
import { LocalModel } from "../../../runtime/local-model.ts";
import type { ConductorStub } from "./conductors.ts";

/** Every event of a generation, without its timings, which are never the same; throws when it is refused or fails. */
export async function eventsOn(conductor: ConductorStub, call: GenerateCall): Promise<AnswerEvent[]> {
  const answer = await conductor.generate(call);
  if (!answer.admitted) throw new Error(`refused: ${answer.failure.code}: ${answer.failure.message}`);
  const events = await all(readEvents(answer.events, new AbortController().signal));
  return events.map((event) => {
    if (event.type !== "done") return event;
    const { timings: _, ...rest } = event;
    return rest;
  });
}

/** The same in one process without Durable Objects, of each request in turn. */
export async function eventsLocally(requests: readonly GenerationRequest[]): Promise<AnswerEvent[][]> {
  const { manifest, tokenizer } = await deployedModel(env);
  const engine = createEngine("simd", 8);
  const model = await LocalModel.open({ manifest, source: new AssetsSource(env.ASSETS), engine });
  const answers: AnswerEvent[][] = [];
  for (const request of requests) answers.push(await all(generate(model.openSession(), tokenizer, request)));
  return answers;
}

async function all(events: AsyncIterable<AnswerEvent>): Promise<AnswerEvent[]> {
  const list: AnswerEvent[] = [];
  for await (const event of events) list.push(event);
  return list;
}
