import { expect, test, vi } from "vitest";
import { callFor, freshConductor, generateOn, partOf, requestFor, shardOf } from "./conductors.ts";

const request = await requestFor("The capital of Peru is", { maxTokens: 4 });

test("without sessions the links are closed, and opened again for the next one", async () => {
  const conductor = await freshConductor({ LAPIDARY_KEEP_WARM_SECONDS: "0" });
  const first = await generateOn(conductor, await callFor(request));
  const parts = [
    await partOf(conductor, "stage-0-0"),
    await partOf(conductor, "stage-2-0"),
    await shardOf(conductor, "vocabulary-1"),
  ];
  for (const part of parts)
    await vi.waitFor(async () => expect(await part.report()).toMatchObject({ state: "ready", links: 0 }));
  expect(await generateOn(conductor, await callFor(request))).toEqual(first);
});

test("within the keep-warm time the links stay open", async () => {
  const conductor = await freshConductor();
  await generateOn(conductor, await callFor(request));
  expect(await (await partOf(conductor, "stage-0-0")).report()).toMatchObject({ links: 2 });
  expect(await (await shardOf(conductor, "vocabulary-0")).report()).toMatchObject({ links: 2 });
});
