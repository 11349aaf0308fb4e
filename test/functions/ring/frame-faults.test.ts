import { expect, test, vi } from "vitest";
import { rawStage } from "./raw-link.ts";

test("a frame with another pipeline's hash is refused, by name of both", async () => {
  const stage = await rawStage();
  await stage.joining();
  stage.send(stage.rows(7, 0, 2), { pipelineHash: "ee".repeat(32) });
  expect(await stage.next()).toMatchObject({
    kind: "error",
    code: "wrong_pipeline",
    message: expect.stringMatching(/eeee.*abab/),
    sessions: [7],
    place: { group: 0, replica: 0 },
    step: 1,
  });
  expect(await stage.stub.report()).toMatchObject({ sessions: 0, freeKvTokens: 64 });
});

test("a frame of another life of the conductor is refused", async () => {
  const stage = await rawStage();
  await stage.joining();
  stage.send(stage.rows(7, 0, 2), { incarnation: "00".repeat(16) });
  expect(await stage.next()).toMatchObject({ kind: "error", code: "wrong_pipeline", sessions: [7] });
});

test("rows of an unknown session that do not begin at 0, and rows that leave a gap, are a position gap", async () => {
  const stage = await rawStage();
  await stage.joining();
  stage.send(stage.rows(1, 3, 2));
  expect(await stage.next()).toMatchObject({ kind: "error", code: "position_gap", sessions: [1] });
  stage.send(stage.rows(2, 0, 2));
  expect(await stage.next()).toMatchObject({ kind: "error", code: "stage_lost", sessions: [2] }); // it has no successor
  stage.send(stage.rows(2, 5, 1));
  expect(await stage.next()).toMatchObject({ kind: "error", code: "position_gap", sessions: [2] });
});

test("rows beyond the KV cache are out of capacity; the other session of the frame goes on", async () => {
  const stage = await rawStage();
  await stage.joining();
  for (let position = 0; position < 64; position += 16) {
    stage.send(stage.rows(1, position, 16));
    expect(await stage.next()).toMatchObject({ code: "stage_lost", sessions: [1] });
  }
  stage.send({ kind: "close", sessions: [1] });
  for (let position = 0; position < 48; position += 16) {
    stage.send(stage.rows(2, position, 16));
    expect(await stage.next()).toMatchObject({ code: "stage_lost", sessions: [2] });
  }
  const [full, fits] = [stage.rows(3, 0, 1), stage.rows(2, 48, 1)];
  if (full.kind !== "rows" || fits.kind !== "rows") throw new Error("rows expected");
  const hidden = new Float32Array([...full.hidden, ...fits.hidden]);
  stage.send({ kind: "rows", groups: [...full.groups, ...fits.groups], hidden });
  expect(await stage.next()).toMatchObject({ code: "out_of_capacity", sessions: [3] });
  expect(await stage.next()).toMatchObject({ code: "stage_lost", sessions: [2] });
});

test("a stage that has not joined says so", async () => {
  const stage = await rawStage();
  stage.send(stage.rows(1, 0, 1));
  expect(await stage.next()).toMatchObject({ kind: "error", code: "stage_lost", sessions: [1] });
});

test("bytes that are no frame end the link, and its sessions", async () => {
  const stage = await rawStage();
  await stage.joining();
  stage.send(stage.rows(1, 0, 2));
  await stage.next();
  expect(await stage.stub.report()).toMatchObject({ sessions: 1, freeKvTokens: 32 });
  stage.link.send(new Uint8Array(100));
  await vi.waitFor(() => expect(stage.lost()).toBe(true));
  expect(await stage.stub.report()).toMatchObject({ sessions: 0, freeKvTokens: 64 });
});

test("a new life of the conductor ends the sessions of the old one", async () => {
  const stage = await rawStage();
  await stage.joining();
  stage.send(stage.rows(1, 0, 2));
  await stage.next();
  const joined = await stage.stub.join({ ...stage.assignment, incarnation: "99".repeat(16) });
  expect(joined).toMatchObject({ joined: true, report: { sessions: 0, freeKvTokens: 64 } });
  await vi.waitFor(() => expect(stage.lost()).toBe(true));
});

test("a request that is no upgrade is answered, not accepted", async () => {
  const stage = await rawStage();
  expect(
    (await stage.stub.fetch("https://ring/conductor/nonsense", { headers: { Upgrade: "websocket" } })).status,
  ).toBe(426);
  expect((await stage.stub.fetch("https://ring/")).status).toBe(426);
});

test("an engine of another version does not join", async () => {
  const { assignment, stub } = await rawStage();
  const answer = await stub.join({ ...assignment, engine: { ...assignment.engine, version: "simd-0" } });
  expect(answer).toMatchObject({
    joined: false,
    failure: { code: "wrong_pipeline", message: expect.stringContaining("simd-0") },
  });
});

test("another manifest than the conductor's does not join", async () => {
  const { assignment, stub } = await rawStage();
  const answer = await stub.join({ ...assignment, manifestHash: "00".repeat(32) });
  expect(answer).toMatchObject({
    joined: false,
    failure: { code: "bad_shard", message: expect.stringContaining("manifest.json") },
  });
});
