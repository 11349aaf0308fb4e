import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { startLocalServer } from "./local-server.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const MODEL = "lapidary-demo";
const MAX_TOKENS = 32;

/** Prompts of different lengths, greedy and sampled; each must give the same text wherever its layers run. */
const REQUESTS = [
  { prompt: "What is the capital of Peru?", temperature: 0, seed: 0 },
  {
    prompt: "Tell me a short story about a dog named Max who finds a red ball in the garden.",
    temperature: 1,
    seed: 5,
  },
  { prompt: "Count from 3 to 9.", temperature: 0.7, seed: 9 },
  { prompt: "Give me a list of four animals.", temperature: 1.3, seed: 123_456_789 },
];

/** What `lapidary generate` says: one process, no Durable Objects. */
async function generateInOneProcess({ prompt, temperature, seed }: (typeof REQUESTS)[number]): Promise<string> {
  const args = [
    "cli/lapidary.ts",
    "generate",
    "weights/demo/model",
    "--chat",
    prompt,
    "--max-tokens",
    String(MAX_TOKENS),
  ];
  args.push("--temperature", String(temperature), "--seed", String(seed));
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
  return JSON.parse(stdout.trim().split("\n").at(-1)!).text;
}

describe("the same request gives the same text", () => {
  let expected: string[];
  beforeAll(async () => {
    expected = [];
    for (const request of REQUESTS) expected.push(await generateInOneProcess(request));
    expect(new Set(expected).size).toBe(REQUESTS.length);
  });

  const topologies = {
    "from one stage": { LAPIDARY_STAGES: "1", LAPIDARY_VOCABULARY_SHARDS: "1" },
    "from three stages, the prompt in chunks of 5": { LAPIDARY_STAGES: "3", LAPIDARY_CHUNK_ROWS: "5" },
    "from six stages with two replicas each, all requests at once": { LAPIDARY_STAGES: "6", LAPIDARY_REPLICAS: "2" },
  };
  for (const [name, vars] of Object.entries(topologies)) {
    test(name, async () => {
      await using server = await startLocalServer({ vars });
      const answers = await Promise.all(
        // Each twice, so that replicas and sessions mix.
        [...REQUESTS, ...REQUESTS].map(({ prompt, temperature, seed }) =>
          server.client.chat.completions.create({
            model: MODEL,
            messages: [{ role: "user", content: prompt }],
            temperature,
            seed,
            max_tokens: MAX_TOKENS,
          }),
        ),
      );
      expect(answers.map((answer) => answer.choices[0]!.message.content)).toEqual([...expected, ...expected]);
    });
  }
});
