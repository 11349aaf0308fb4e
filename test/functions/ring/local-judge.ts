import { env } from "cloudflare:workers";
import "../../../functions/engine-simd.ts";
import { AssetsSource } from "../../../functions/assets-source.ts";
import { createEngine } from "../../../functions/engine-registry.ts";
import { deployedModel } from "../../../functions/model.ts";
import type { Engine, KvBits } from "../../../runtime/engine.ts";
import { type GenerationRequest, generate } from "../../../runtime/generate.ts";
import { LocalModel } from "../../../runtime/local-model.ts";

/** What one process without Durable Objects answers: the judge of every ring. */
export async function generateLocally(
  requests: readonly GenerationRequest[],
  engineName: Engine["name"] = "simd",
  kvBits?: KvBits,
  layerParts = 1,
) {
  const { manifest, tokenizer } = await deployedModel(env);
  const engine = createEngine(engineName, 8, kvBits);
  const model = await LocalModel.open({ manifest, source: new AssetsSource(env.ASSETS), engine, layerParts });
  const answers = [];
  for (const request of requests) {
    const ids: number[] = [];
    let text = "";
    for await (const event of generate(model.openSession(), tokenizer, request)) {
      if (event.type === "done") answers.push({ ids, text, finish: event.finish });
      else if (event.type === "token") {
        ids.push(...event.ids);
        text += event.text;
      }
    }
  }
  return answers;
}
