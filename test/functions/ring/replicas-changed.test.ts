import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import {
  abort,
  abortInTheMiddle,
  allFree,
  type ConductorStub,
  callFor,
  freshConductor,
  generateOn,
  partOf,
  storyFor,
} from "./conductors.ts";
import { generateLocally } from "./local-judge.ts";

const request = await storyFor(250);
const [expected] = await generateLocally([request]);

/** Of every stage: what is known of each replica. */
async function replicasOf(conductor: ConductorStub) {
  const { stages } = await conductor.status();
  return stages.map(({ replicas }) =>
    replicas.map(({ replica, state, draining, seats }) => ({ replica, state, draining, seats })),
  );
}

/** Loading may come first. */
const PATIENT = { timeout: 10_000, interval: 20 };
const ready = (replica: number, seats = 0) => ({ replica, state: "ready", draining: false, seats });

test("a replica is added while an answer is drawn: it loads, and takes sessions", async () => {
  const conductor = await freshConductor({ LAPIDARY_STAGES: "2" });
  const calls = await Promise.all([callFor(request), callFor(request), callFor(request)]);
  const answering = generateOn(conductor, calls[0]!);
  await vi.waitFor(async () => expect(await replicasOf(conductor)).toEqual([[ready(0, 1)], [ready(0, 1)]]), PATIENT);
  await conductor.resize(2);
  await vi.waitFor(
    async () =>
      expect((await conductor.status()).stages[1]!.replicas[1]).toMatchObject({ state: "ready", suspect: false }),
    PATIENT,
  );
  const more = calls.slice(1).map((call) => generateOn(conductor, call));
  expect(await Promise.all([answering, ...more])).toEqual([expected, expected, expected]);
  await allFree(conductor);
  // What a session left behind.
  for (const { replicas } of (await conductor.status()).stages) expect(replicas[1]!.cachedTokens).toBeGreaterThan(0);
});

test("a replica drains: its sessions go on to their end, new ones go elsewhere, and then it is gone", async () => {
  const conductor = await freshConductor({ LAPIDARY_STAGES: "2", LAPIDARY_REPLICAS: "2" });
  const calls = await Promise.all([callFor(request), callFor(request), callFor(request)]);
  const both = calls.slice(0, 2).map((call) => generateOn(conductor, call));
  await vi.waitFor(async () => expect((await replicasOf(conductor))[1]).toEqual([ready(0, 1), ready(1, 1)]), PATIENT);
  await conductor.resize(1);
  expect(await replicasOf(conductor)).toMatchObject([
    [{ draining: false }, { draining: true, seats: 1 }],
    [{ draining: false }, { draining: true, seats: 1 }],
  ]);
  const third = generateOn(conductor, calls[2]!);
  expect(await Promise.all([...both, third])).toEqual([expected, expected, expected]);
  expect(await replicasOf(conductor)).toEqual([[ready(0)], [ready(0)]]);
  expect(await (await partOf(conductor, "stage-1-1")).report()).toMatchObject({ state: "empty", links: 0 });
  await allFree(conductor);
  expect(await (await partOf(conductor, "stage-0-0")).report()).toMatchObject({ links: 2 });
});

test("a draining replica that is lost leaves its sessions to those that serve", async () => {
  const conductor = await freshConductor({ LAPIDARY_STAGES: "2", LAPIDARY_REPLICAS: "2" });
  await generateOn(conductor, await callFor({ ...request, maxTokens: 1 }));
  const calls = await Promise.all([callFor(request), callFor(request)]);
  const both = calls.map((call) => generateOn(conductor, call));
  await vi.waitFor(async () => expect((await replicasOf(conductor))[1]).toEqual([ready(0, 1), ready(1, 1)]), PATIENT);
  await abortInTheMiddle(await partOf(conductor, "stage-1-1"));
  await conductor.resize(1);
  expect(await Promise.all(both)).toEqual([expected, expected]);
  expect(await replicasOf(conductor)).toEqual([[ready(0)], [ready(0)]]);
  await allFree(conductor);
});

test("room that is added is given to who waits for it", async () => {
  const conductor = await freshConductor({ LAPIDARY_STAGES: "2", LAPIDARY_KV_TOKENS: "288" });
  const calls = await Promise.all([callFor(request), callFor(request)]);
  const both = calls.map((call) => generateOn(conductor, call));
  await vi.waitFor(async () => expect(await conductor.status()).toMatchObject({ sessions: 1, waiting: 1 }), PATIENT);
  await conductor.resize(2);
  expect(await conductor.status()).toMatchObject({ sessions: 2, waiting: 0 });
  expect(await Promise.all(both)).toEqual([expected, expected]);
});

test("the conductor's next life remembers the number, until it is to be as configured", async () => {
  const conductor = await freshConductor({ LAPIDARY_STAGES: "2" });
  expect(await conductor.resize(3)).toMatchObject({ replicas: 3 });
  await abort(conductor);
  const next = env.CONDUCTOR.get(conductor.id);
  expect(await next.status()).toMatchObject({ replicas: 3 });
  expect(await next.resize("configured")).toMatchObject({ replicas: 1 });
});
