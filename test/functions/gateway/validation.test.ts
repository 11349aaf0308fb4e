import { beforeAll, describe, expect, test } from "vitest";
import { type Caller, errorOf, MODEL, newCaller, question } from "./caller.ts";

const CHAT = "/v1/chat/completions";
const COMPLETIONS = "/v1/completions";
const FUNCTION = { type: "function", function: { name: "look_up" } };
const SECRET_TEXT = "the-callers-own-text";

let caller: Caller;
beforeAll(async () => {
  caller = await newCaller({ requestsPerMinute: 1000 });
});

const chatError = async (fields: object) => errorOf(await caller.post(CHAT, question("Hi", fields)));
const completionError = async (fields: object) =>
  errorOf(await caller.post(COMPLETIONS, { model: MODEL, prompt: "Hi", ...fields }));

describe("a field of a chat", () => {
  test.each([
    [{ tempratur: SECRET_TEXT }, "unknown_parameter", "tempratur"],
    [{ unknown: null }, "unknown_parameter", "unknown"],
    [
      { messages: [{ role: "user", content: [{ type: "text", text: "Hi", shout: SECRET_TEXT }] }] },
      "unknown_parameter",
      "messages[0].content[0].shout",
    ],
    [{ stream: true, stream_options: { usage: true } }, "unknown_parameter", "stream_options.usage"],
    [{ messages: undefined }, "missing_required_parameter", "messages"],
    [{ model: undefined }, "missing_required_parameter", "model"],
    [{ messages: [] }, "invalid_value", "messages"],
    [{ messages: [{ role: "critic", content: SECRET_TEXT }] }, "invalid_value", "messages[0].role"],
    [{ messages: [{ role: "user", content: null }] }, "invalid_value", "messages[0].content"],
    [
      { messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: SECRET_TEXT } }] }] },
      "invalid_value",
      "messages[0].content[0].type",
    ],
    [{ messages: [{ role: "user", content: "\ud800" }] }, "invalid_value", "messages[0].content"],
    [{ temperature: 2.1 }, "invalid_value", "temperature"],
    [{ temperature: SECRET_TEXT }, "invalid_value", "temperature"],
    [{ top_p: -0.1 }, "invalid_value", "top_p"],
    [{ max_tokens: 0 }, "invalid_value", "max_tokens"],
    [{ max_tokens: 3, max_completion_tokens: 4 }, "invalid_value", "max_tokens"],
    [{ stop: Array(33).fill("x") }, "invalid_value", "stop"],
    [{ stop: ["x", ""] }, "invalid_value", "stop[1]"],
    [{ stream_options: { include_usage: true } }, "invalid_value", "stream_options"],
    [{ n: 33 }, "invalid_value", "n"],
    [{ logprobs: 1 }, "invalid_value", "logprobs"],
    [{ logprobs: true, top_logprobs: 21 }, "invalid_value", "top_logprobs"],
    [{ top_logprobs: 2 }, "invalid_value", "top_logprobs"],
    [{ frequency_penalty: 2.5 }, "invalid_value", "frequency_penalty"],
    [{ repetition_penalty: 0 }, "invalid_value", "repetition_penalty"],
    [{ logit_bias: { 5: 101 } }, "invalid_value", "logit_bias.5"],
    [{ logit_bias: { 50256: -100 } }, "invalid_value", "logit_bias.50256"],
    [{ logit_bias: { word: 1 } }, "invalid_value", "logit_bias.word"],
    [{ stop_token_ids: [1, 2048] }, "invalid_value", "stop_token_ids[1]"],
    [{ max_tokens: 3, min_tokens: 4 }, "invalid_value", "min_tokens"],
    [{ echo: true }, "unknown_parameter", "echo"],
    [{ tools: [{ type: "function" }] }, "missing_required_parameter", "tools[0].function"],
    [{ tools: [{ type: "retrieval" }] }, "invalid_value", "tools[0].type"],
    [{ tools: [FUNCTION, FUNCTION] }, "invalid_value", "tools[1].function.name"],
    [{ tool_choice: "required" }, "invalid_value", "tool_choice"],
    [
      { tools: [FUNCTION], tool_choice: { type: "function", function: { name: "other" } } },
      "invalid_value",
      "tool_choice.function.name",
    ],
    [{ tools: [FUNCTION], response_format: { type: "json_object" } }, "invalid_value", "response_format"],
    [{ response_format: { type: "xml" } }, "invalid_value", "response_format.type"],
    [
      { response_format: { type: "json_schema", json_schema: { name: "a b", schema: {} } } },
      "invalid_value",
      "response_format.json_schema.name",
    ],
    [
      { messages: [{ role: "tool", tool_call_id: "x", content: SECRET_TEXT }] },
      "invalid_value",
      "messages[0].tool_call_id",
    ],
    [{ modalities: ["text", "audio"] }, "unsupported_parameter", "modalities"],
    [{ model: "gpt-4o" }, "model_not_found", "model"],
  ])("%j is refused with its name, and its value is not repeated", async (fields, code, param) => {
    const error = await chatError(fields);
    expect(error).toMatchObject({
      status: code === "model_not_found" ? 404 : 400,
      code,
      param,
      type: "invalid_request_error",
    });
    expect(JSON.stringify(error)).not.toContain(SECRET_TEXT);
  });
});

describe("a field of a completion", () => {
  test.each([
    [{ messages: [] }, "unknown_parameter", "messages"],
    [{ prompt: ["a", [5]] }, "invalid_value", "prompt[0]"],
    [{ prompt: [[5], [5, 2048]] }, "invalid_value", "prompt[1][1]"],
    [{ prompt: Array(9).fill("a"), n: 4 }, "invalid_value", "n"],
    [{ prompt: [] }, "invalid_value", "prompt"],
    [{ prompt: [5, 2048] }, "invalid_value", "prompt[1]"],
    [{ max_tokens: 0 }, "invalid_value", "max_tokens"],
    [{ best_of: 2 }, "invalid_value", "best_of"],
    [{ suffix: "x" }, "unsupported_parameter", "suffix"],
    [{ logprobs: 21 }, "invalid_value", "logprobs"],
    [{ logprobs: true }, "invalid_value", "logprobs"],
  ])("%j is refused with its name", async (fields, code, param) => {
    expect(await completionError(fields)).toMatchObject({ status: 400, code, param });
  });
});

describe("a seed", () => {
  const seedError = async (seed: string) =>
    errorOf(
      await caller.post(
        CHAT,
        JSON.stringify(question("Hi", { seed: 0, logprobs: 1 })).replace('"seed":0', `"seed":${seed}`),
      ),
    );

  // What is refused here is logprobs: the seed itself was taken.
  test.each(["-9223372036854775808", "18446744073709551615", "9007199254740993", "0"])(
    "of %s is taken",
    async (seed) => {
      expect(await seedError(seed)).toMatchObject({ param: "logprobs" });
    },
  );

  test.each(["18446744073709551616", "-9223372036854775809", "1.5", "1e30"])("of %s is refused", async (seed) => {
    expect(
      await errorOf(
        await caller.post(CHAT, JSON.stringify(question("Hi", { seed: 0 })).replace('"seed":0', `"seed":${seed}`)),
      ),
    ).toMatchObject({
      status: 400,
      param: "seed",
    });
  });
});
