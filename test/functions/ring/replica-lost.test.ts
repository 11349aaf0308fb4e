import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import {
  abort,
  abortInTheMiddle,
  allFree,
  callFor,
  freshConductor,
  generateOn,
  partOf,
  storyFor,
} from "./conductors.ts";
import { generateLocally } from "./local-judge.ts";

const request = await storyFor(300);
const [expected] = await generateLocally([request]);

test("a lost replica is left for another in the middle of an answer", async () => {
  const conductor = await freshConductor({ LAPIDARY_REPLICAS: "2" });
  await generateOn(conductor, await callFor({ ...request, maxTokens: 1 }));
  await abortInTheMiddle(await partOf(conductor, "stage-1-0"));
  expect(await generateOn(conductor, await callFor(request))).toEqual(expected);
  expect(await (await partOf(conductor, "stage-1-1")).report()).toMatchObject({ state: "ready" });
  const lost = await partOf(conductor, "stage-1-0");
  expect(await lost.report()).toMatchObject({ state: "empty" });
  await allFree(conductor);
});

test("a replica whose weights are gone is not asked again while another serves", async () => {
  const conductor = await freshConductor({ LAPIDARY_REPLICAS: "2" });
  await generateOn(conductor, await callFor({ ...request, maxTokens: 1 }));
  await abort(await partOf(conductor, "stage-2-0"));
  const nothing = { fetch: async () => new Response(null, { status: 404 }) };
  await runInDurableObject(await partOf(conductor, "stage-2-0"), (instance) =>
    Object.assign(instance, { env: { ...env, ASSETS: nothing } }),
  );
  expect(await generateOn(conductor, await callFor(request))).toEqual(expected);
  expect(await generateOn(conductor, await callFor(request))).toEqual(expected);
  await allFree(conductor);
});

test("a replica that never had the right files is passed over", async () => {
  const conductor = await freshConductor({ LAPIDARY_REPLICAS: "2" });
  const nothing = { fetch: async () => new Response(null, { status: 404 }) };
  await runInDurableObject(await partOf(conductor, "stage-1-0"), (instance) =>
    Object.assign(instance, { env: { ...env, ASSETS: nothing } }),
  );
  expect(await generateOn(conductor, await callFor(request))).toEqual(expected);
  const { stages } = await conductor.status();
  expect(stages[1]!.replicas).toMatchObject([{ suspect: true }, { suspect: false, state: "ready" }]);
  await allFree(conductor);
});
