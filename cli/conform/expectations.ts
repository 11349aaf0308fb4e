import { readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { z } from "zod";

const MAX_FILE_BYTES = 64 * 1024 * 1024;

const ids = z.array(z.int().min(0)).min(1);
const logprobs = z.array(z.number().max(0)).min(1);
const messages = z.array(z.strictObject({ role: z.enum(["system", "user", "assistant"]), content: z.string() })).min(1);

const expectationSchema = z.discriminatedUnion("check", [
  /** A text and its ids, no <bos> among them. */
  z.strictObject({ check: z.literal("tokens"), text: z.string().min(1), ids }),
  /** A chat and the ids of its prompt, from <bos> to the opening of the model's turn. */
  z.strictObject({ check: z.literal("template"), messages, ids }),
  /** Ids and the natural logarithm of the probability of each but the first. */
  z.strictObject({ check: z.literal("score"), name: z.string(), ids, next_logprob: logprobs }),
  /** A prompt, the tokens a greedy choice goes on with, and by how much the logit of each is the best. */
  z.strictObject({ check: z.literal("greedy"), name: z.string(), ids, tokens: ids, gaps: z.array(z.number().min(0)) }),
  /** A chat and the whole greedy answer. */
  z.strictObject({ check: z.literal("answer"), messages, text: z.string() }),
]);

/** What is right: one line of an expectation file. */
export type Expectation = z.infer<typeof expectationSchema>;
export type ExpectationOf<Check extends Expectation["check"]> = Extract<Expectation, { check: Check }>;

/** Expectation files that come with this repository, by the name `--expect` takes. */
export const SHIPPED_EXPECTATIONS = ["lapidary-demo", "gemma3-tokens"] as const;

/** Reads a shipped or an own file of JSON lines; an error names the line that is wrong. */
export async function readExpectations(nameOrPath: string): Promise<Expectation[]> {
  const shipped = SHIPPED_EXPECTATIONS.find((name) => name === nameOrPath);
  const path = shipped ? fileURLToPath(new URL(`${shipped}.jsonl`, import.meta.url)) : nameOrPath;
  const { size } = await stat(path).catch((cause) => {
    throw new Error(`cannot read ${path}; shipped with lapidary are ${SHIPPED_EXPECTATIONS.join(" and ")}`, { cause });
  });
  if (size > MAX_FILE_BYTES) throw new Error(`${path} has ${size} bytes, expected at most ${MAX_FILE_BYTES}`);
  const expectations: Expectation[] = [];
  for (const [index, line] of (await readFile(path, "utf8")).split("\n").entries()) {
    if (line.trim() === "") continue;
    try {
      expectations.push(checkLengths(expectationSchema.parse(JSON.parse(line))));
    } catch (cause) {
      const what = cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message;
      throw new Error(`${path}, line ${index + 1}: ${what}`, { cause });
    }
  }
  if (expectations.length === 0) throw new Error(`${path} expects nothing: it has no lines`);
  return expectations;
}

function checkLengths(expectation: Expectation): Expectation {
  const { check } = expectation;
  if (check === "score" && expectation.next_logprob.length !== expectation.ids.length - 1)
    throw new Error(`${expectation.ids.length} ids have ${expectation.ids.length - 1} next ones, not as many logprobs`);
  if (check === "greedy" && expectation.gaps.length !== expectation.tokens.length)
    throw new Error(`expected a gap for each of ${expectation.tokens.length} tokens, found ${expectation.gaps.length}`);
  return expectation;
}
