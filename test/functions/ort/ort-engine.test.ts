import { env } from "cloudflare:workers";
import wasmModule from "onnxruntime-web/ort-wasm-simd-threaded.wasm";
import { expect, test } from "vitest";
import { AssetsSource } from "../../../functions/assets-source.ts";
import { LocalModel } from "../../../runtime/local-model.ts";
import { createOrtEngine } from "../../../runtime/ort/engine.ts";
import type { Selection } from "../../../runtime/sampling/selection.ts";
import { parseManifest } from "../../../weights/manifest.ts";

const PERU_PROMPT = [2, 106, 1240, 377, 108, 624, 431, 370, 686, 467, 1961, 1999, 107, 108, 106, 1980, 582, 458, 108];
const PERU_ANSWER = [581, 686, 467, 1961, 431, 493, 506, 1967, 1977, 107];
const BEST: Selection = { kind: "best", count: 1, inverseTemperature: 1, mass: false };

test("onnxruntime-web starts inside workerd and the bundled model answers Lima", async () => {
  const platform = WebAssembly.instantiate;
  const source = new AssetsSource(env.ASSETS);
  const manifest = parseManifest(await new Response(await source.open("manifest.json")).text());
  const model = await LocalModel.open({ manifest, source, engine: createOrtEngine({ wasmModule }) });
  const session = model.openSession();
  const ids: number[] = [];
  let feed = PERU_PROMPT;
  let position = 0;
  while (ids.length < PERU_ANSWER.length) {
    const answers = await session.step(feed, position, BEST);
    const best = answers.reduce((a, b) => (b.logits[0]! > a.logits[0]! ? b : a));
    position += feed.length;
    feed = [best.ids[0]!];
    ids.push(...feed);
  }
  expect(ids).toEqual(PERU_ANSWER);
  expect(WebAssembly.instantiate).toBe(platform);
});
