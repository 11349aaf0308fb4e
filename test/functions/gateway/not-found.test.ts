import { expect, test } from "vitest";
import { errorOf, request } from "./caller.ts";

test.each(["/v2/chat/completions", "/assets/page.html", "/assets/constructor", "/manifest.json", "/layer-00-0.bin"])(
  "there is nothing at %s",
  async (path) => {
    const response = await request(path);
    expect(await errorOf(response)).toMatchObject({ status: 404, code: "not_found", type: "invalid_request_error" });
  },
);

test.each(["/chat/completions", "/completions", "/models", "/responses"])(
  "%s says what the base URL lacks",
  async (path) => {
    expect((await errorOf(await request(path, { method: "POST" }))).message).toContain("must end in /v1");
  },
);

test.each(["/v1/embeddings", "/embeddings", "/v1/audio/speech"])("%s is no work of this service", async (path) => {
  const error = await errorOf(await request(path, { method: "POST" }));
  expect(error).toMatchObject({ status: 404, code: "not_found" });
  expect(error.message).toMatch(/generates text; it has no (embeddings|audio)\.$/);
});

test("every answer carries a request id, the caller's own if it sent one", async () => {
  expect((await request("/health")).headers.get("x-request-id")).toMatch(/^[\w-]{16,}$/);
  const own = await request("/nowhere", { headers: { "x-request-id": "my-request-1" } });
  expect(own.headers.get("x-request-id")).toBe("my-request-1");
});

test.each([
  ["GET", "/v1/chat/completions", "POST"],
  ["DELETE", "/v1/models", "GET"],
  ["PUT", "/", "GET"],
])("%s %s is told what the path takes", async (method, path, allow) => {
  const response = await request(path, { method });
  expect(response.headers.get("allow")).toBe(allow);
  expect(await errorOf(response)).toMatchObject({ status: 405, code: "method_not_allowed" });
});
