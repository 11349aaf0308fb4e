import { describe, expect, test } from "vitest";
import { MAX_CALL_DEPTH } from "../../../functions/pipeline/calls.ts";
import { MAX_FRAME_BYTES } from "../../../functions/pipeline/frame.ts";
import { MAX_PART_BYTES } from "../../../functions/pipeline/isolate-budget.ts";
import { callFor, freshConductor, generateOn, requestFor } from "./conductors.ts";
import { rawStage } from "./raw-link.ts";

/** Keys and values of the bundled model: more than an isolate has, and little enough for a test. */
const KV_TOKENS = "163840";

describe("what production would refuse", () => {
  test("a part that does not fit an isolate, by its size", async () => {
    const settings = { LAPIDARY_STAGES: "1", LAPIDARY_KV_TOKENS: KV_TOKENS };
    const call = await callFor(await requestFor("Hi", { maxTokens: 1 }));
    await expect(generateOn(await freshConductor({ ...settings, LAPIDARY_STRICT: "1" }), call)).rejects.toThrow(
      `an isolate has room for ${MAX_PART_BYTES / 1e6}.0 MB`,
    );
    // The same is served where nothing is asked to be as strict as production.
    const lenient = await freshConductor({ ...settings, LAPIDARY_STRICT: "0" });
    expect((await generateOn(lenient, call)).ids.length).toBe(1);
  });

  test("a message over 32 MiB", async () => {
    const { link } = await rawStage();
    expect(() => link.send(new Uint8Array(MAX_FRAME_BYTES + 1))).toThrow(
      `a message of ${MAX_FRAME_BYTES + 1} bytes is over ${MAX_FRAME_BYTES}`,
    );
    expect(link.open).toBe(true);
  });

  test("calls nested too deep, and links dialled from them", async () => {
    const deep = await rawStage({ depth: MAX_CALL_DEPTH + 1 });
    expect(await deep.joining()).toMatchObject({
      joined: false,
      failure: {
        code: "unsupported",
        message: `joining is a call nested 17 deep, Cloudflare allows ${MAX_CALL_DEPTH}: pass messages over links instead`,
      },
    });
    const successors = [{ place: { group: 1, replica: 0 }, name: crypto.randomUUID() }];
    const last = await rawStage({ depth: MAX_CALL_DEPTH, successors });
    expect(await last.joining()).toMatchObject({ joined: false, failure: { code: "unsupported" } });
    const allowed = await rawStage({ depth: MAX_CALL_DEPTH - 1, successors });
    expect(await allowed.joining()).toMatchObject({ joined: true });
  });
});
