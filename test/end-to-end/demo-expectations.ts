import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** One greedy answer of the demo model before quantisation; `greedy_gap` is best minus second logit at each token. */
export interface ExpectedAnswer {
  readonly prompt: string;
  readonly ids: readonly number[];
  readonly greedy: readonly number[];
  readonly greedy_gap: readonly number[];
  readonly text: string;
}

const path = fileURLToPath(new URL("../../../shared/demo-model/expected.json", import.meta.url));

/** Below this gap, 4-bit weights may rightly choose another token. */
const CLEAR_GAP = 0.5;

export const expectationsThere = existsSync(path);

/** The answers that 4 bits must reproduce to the letter; empty without ../shared. */
export function clearAnswers(): ExpectedAnswer[] {
  if (!expectationsThere) return [];
  const all = JSON.parse(readFileSync(path, "utf8")) as ExpectedAnswer[];
  return all.filter((answer) => Math.min(...answer.greedy_gap) > CLEAR_GAP);
}
