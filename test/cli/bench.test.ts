import { expect, test } from "vitest";
import { DEMO_FOLDER, failureOf, lapidary } from "./lapidary.ts";

test("bench prints speeds and memory of the engine that was asked for", async () => {
  const { stdout } = await lapidary("bench", DEMO_FOLDER, "--prompt-tokens", "40", "--decode-tokens", "5");
  const { loadMs, prefillTokensPerSecond, decodeTokensPerSecond, engineBytes, processBytes, ...rest } =
    JSON.parse(stdout);
  expect(rest).toEqual({
    model: "lapidary-demo",
    engine: "simd",
    activations: 8,
    promptTokens: 40,
    decodeTokens: 5,
  });
  for (const figure of [loadMs, prefillTokensPerSecond, decodeTokensPerSecond]) expect(figure).toBeGreaterThan(0);
  expect(processBytes).toBeGreaterThan(engineBytes);
  // The model's weights alone take 3 MB.
  expect(engineBytes).toBeGreaterThan(3e6);
});

test("more tokens than the context are refused", async () => {
  expect(await failureOf("bench", DEMO_FOLDER, "--prompt-tokens", "100000")).toMatch(/the context of lapidary-demo is/);
});
