import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, startCluster } from "../../cli/cluster.ts";
import { createDevKey } from "../../cli/dev-key.ts";
import { readManifest } from "../../cli/folder-source.ts";
import { ensureLocalSecrets } from "../../cli/prepare.mjs";
import { separateScripts } from "../../cli/scripts/divide.ts";
import { planModel } from "../../weights/plan.ts";

const model = fileURLToPath(new URL("../../weights/demo/model", import.meta.url));
const TOKENS = 512;

let service: Cluster;
let storage: string;

beforeAll(async () => {
  ensureLocalSecrets();
  storage = await mkdtemp(join(tmpdir(), "lapidary-separate-"));
  const options = { budgetBytes: 100e6, contextTokens: TOKENS, sessions: 4, chunkRows: 64 };
  const plan = planModel(await readManifest(model), { ...options, layerParts: 2, stages: 2, vocabularyShards: 1 });
  const vars = { LAPIDARY_STAGES: "2", LAPIDARY_LAYER_PARTS: "2", LAPIDARY_VOCABULARY_SHARDS: "1" };
  const scripts = separateScripts(plan, "separate");
  service = await startCluster({ scripts, port: 0, assetsOf: () => model, vars, persistTo: storage });
});
afterAll(async () => {
  await service?.stop();
  await rm(storage, { recursive: true, force: true });
});

test("a service of a script for each part, as it is deployed, answers", async () => {
  expect(service.scripts).toHaveLength(7);
  const key = await createDevKey(service.url);
  const response = await fetch(`${service.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({
      model: "lapidary-demo",
      messages: [{ role: "user", content: "What is the capital of Peru?" }],
      temperature: 0,
    }),
  });
  expect(await response.json()).toMatchObject({
    choices: [{ message: { content: "The capital of Peru is Lima." } }],
  });
});
