import OpenAI from "openai";
import { expect, test } from "vitest";
import { ApiError } from "../../../functions/errors.ts";
import { heartbeatBody } from "../../../functions/event-stream.ts";
import { responseEvent } from "../../../functions/openapi/response-replies.ts";
import { generationOptions } from "../../../functions/request/generation-fields.ts";
import { responseObject } from "../../../functions/responses/response-object.ts";
import { ResponseWriter } from "../../../functions/responses/response-writer.ts";
import type { TextPart } from "../../../functions/routes/answer-parts.ts";
import manifest from "../../../weights/demo/model/manifest.json";

const LOST = new ApiError(503, "stage_lost", "A stage was lost.");

/** The stream of an answer that breaks off after two parts, and whether it was stored. */
function broken() {
  const head = { id: `resp_${"0".repeat(32)}`, created: 0, model: "m", system_fingerprint: "fp_0" };
  const options = generationOptions({ model: "m" }, manifest as unknown as Parameters<typeof generationOptions>[1]);
  let stored = false;
  const writer = new ResponseWriter({
    digits: "0".repeat(32),
    calls: false,
    objectOf: (state) => responseObject(head, { model: "m", input: "Hi" }, options, true, state),
    store: async () => {
      stored = true;
    },
  });
  const part = (text: string, drawnTokens: number): TextPart => ({
    ...{ type: "text", index: 0, text, drawnTokens, tokens: [] },
  });
  const parts = async function* () {
    yield part("The capital", 2);
    yield part(" of Peru", 4);
    throw LOST;
  };
  const body = heartbeatBody(writer.stream(parts()), {
    heartbeat: ":\n",
    onFailure: () => writer.failed(LOST),
    onEnd: () => {},
  });
  return { body, stored: () => stored };
}

test("a stream that breaks off says that the response failed, and is not stored", async () => {
  const { body, stored } = broken();
  const text = await new Response(body).text();
  const events = [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => responseEvent.parse(JSON.parse(data!)));
  const [failed, error] = events.slice(-2);
  expect(failed).toMatchObject({
    type: "response.failed",
    response: {
      status: "failed",
      error: { code: "stage_lost", message: "A stage was lost." },
      output: [{ status: "incomplete", content: [{ text: "The capital of Peru" }] }],
    },
  });
  expect(error).toMatchObject({ type: "error", code: "stage_lost" });
  expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, index) => index));
  expect(stored()).toBe(false);
});

test("the openai client raises its error", async () => {
  const client = new OpenAI({
    ...{ apiKey: "k", baseURL: "https://lapidary.test/v1", maxRetries: 0, dangerouslyAllowBrowser: true },
    fetch: () => Promise.resolve(new Response(broken().body, { headers: { "content-type": "text/event-stream" } })),
  });
  const types: string[] = [];
  const read = async () => {
    for await (const event of await client.responses.create({ model: "m", input: "Hi", stream: true }))
      types.push(event.type);
  };
  await expect(read()).rejects.toMatchObject({ code: "stage_lost", message: "A stage was lost." });
  expect(types.at(-1)).toBe("response.failed");
});
