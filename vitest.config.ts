import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

// Secrets of the tests alone; test/functions reads them from its environment, like the Worker does.
const testSecrets = {
  LAPIDARY_KEY_SECRET: "key-secret-of-the-tests-0123456789abcdef",
  LAPIDARY_ADMIN_KEY: "admin-key-of-the-tests-0123456789abcdef0",
};

// Prices of a million tokens: with them the tests' costs are seen.
const testPrices = {
  LAPIDARY_PRICE_PROMPT: "1",
  LAPIDARY_PRICE_CACHED_PROMPT: "0.25",
  LAPIDARY_PRICE_COMPLETION: "2.5",
};

const SECOND_MS = 1000;

export default defineConfig({
  test: {
    globalSetup: ["test/global-setup.ts"],
    projects: [
      {
        test: {
          name: "node",
          environment: "node",
          include: ["test/**/*.test.ts"],
          exclude: ["**/node_modules/**", "test/functions/**", "test/end-to-end/**"],
          testTimeout: 30 * SECOND_MS,
        },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: { bindings: { ...testSecrets, ...testPrices, LAPIDARY_STRICT: "1" } },
          }),
        ],
        test: {
          name: "workers",
          include: ["test/functions/**/*.test.ts"],
          testTimeout: 30 * SECOND_MS,
        },
      },
      {
        test: {
          name: "end-to-end",
          environment: "node",
          include: ["test/end-to-end/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 120 * SECOND_MS,
          hookTimeout: 120 * SECOND_MS,
        },
      },
    ],
  },
});
