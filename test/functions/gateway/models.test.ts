import { describe, expect, test } from "vitest";
import { errorOf, MODEL, newCaller } from "./caller.ts";

const object = { id: MODEL, object: "model", created: 1_795_392_000, owned_by: "lapidary" };

describe("the deployed model", () => {
  test("is listed", async () => {
    const caller = await newCaller();
    expect(await (await caller.get("/v1/models")).json()).toEqual({ object: "list", data: [object] });
  });

  test("is found by its id, percent-encoded or not", async () => {
    const caller = await newCaller();
    expect(await (await caller.get(`/v1/models/${MODEL}`)).json()).toEqual(object);
    expect(await (await caller.get(`/v1/models/${MODEL.replace("-", "%2D")}`)).json()).toEqual(object);
  });

  test.each([
    ["google/gemma-2b-it", 404],
    ["google%2Fgemma-2b-it", 404],
    ["%E0%A4%A", 400],
  ])("is not %s", async (id, status) => {
    const caller = await newCaller();
    expect(await errorOf(await caller.get(`/v1/models/${id}`))).toMatchObject({ status, param: "model" });
  });

  test("a look-up counts as a request", async () => {
    const caller = await newCaller({ requestsPerMinute: 1 });
    const first = await caller.get("/v1/models");
    expect(first.headers.get("x-ratelimit-remaining-requests")).toBe("0");
    expect((await caller.get("/v1/models")).status).toBe(429);
  });
});
