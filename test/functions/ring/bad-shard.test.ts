import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import {
  allFree,
  type ConductorStub,
  callFor,
  freshConductor,
  generateOn,
  partOf,
  requestFor,
  shardOf,
} from "./conductors.ts";

const request = await requestFor("The capital of Peru is", { maxTokens: 4 });

/** The model's files, with one byte of `path` changed, or without it. */
function assetsWith(path: string, damage: "byte" | "missing"): Fetcher {
  const fetch = async (url: string) => {
    const response = await env.ASSETS.fetch(url);
    if (!url.endsWith(`/${path}`)) return response;
    if (damage === "missing") return new Response("not found", { status: 404 });
    const bytes = new Uint8Array(await response.arrayBuffer());
    bytes[bytes.length >> 1]! ^= 1;
    return new Response(bytes);
  };
  return { fetch } as unknown as Fetcher;
}

const PARTS = {
  stage: (conductor: ConductorStub) => partOf(conductor, "stage-1-0"),
  shard: (conductor: ConductorStub) => shardOf(conductor, "vocabulary-1"),
};

async function serveTo(part: Awaited<ReturnType<(typeof PARTS)[keyof typeof PARTS]>>, assets: Fetcher): Promise<void> {
  await runInDurableObject(
    part as DurableObjectStub<import("../../../functions/objects/stage.ts").Stage>,
    (instance) => {
      Object.assign(instance, { env: { ...env, ASSETS: assets } });
    },
  );
}

test.each([
  ["stage", "layer-02-0.bin", "byte"],
  ["stage", "layer-03.onnx", "byte"],
  ["stage", "layer-02-0.bin", "missing"],
  ["stage", "manifest.json", "byte"],
  ["shard", "table-0001.bin", "byte"],
] as const)("a %s that finds %s wrong (%s) says so, and works once the file is right", async (kind, path, damage) => {
  const conductor = await freshConductor({ LAPIDARY_STAGES: "3" });
  const part = await PARTS[kind](conductor);
  await serveTo(part, assetsWith(path, damage));

  const refused = await conductor.generate(await callFor(request));
  expect(refused).toMatchObject({
    admitted: false,
    failure: { code: "bad_shard", message: expect.stringContaining(path) },
  });
  expect(await part.report()).toMatchObject({ state: "failed", failure: expect.stringContaining(path) });

  await serveTo(part, env.ASSETS);
  const { ids } = await generateOn(conductor, await callFor(request));
  expect(ids).toHaveLength(4);
  await allFree(conductor);
});
