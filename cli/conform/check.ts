import type { Expectation, ExpectationOf } from "./expectations.ts";
import { CannotAsk, type Subject } from "./subject.ts";

/** How near to what is expected counts as right. */
export interface Limits {
  /** Mean negative log-likelihood of a sequence may differ by so much (nats a token). */
  readonly nll: number;
  /** A greedy choice may differ where the best logit leads by less. */
  readonly gap: number;
}

export interface Outcome {
  readonly check: Expectation["check"];
  readonly name: string;
  readonly result: "passed" | "failed" | "not asked";
  /** Why not, or the figure that was measured. */
  readonly detail: string;
}

/** Checks one expectation; rejects when the subject fails to answer at all. */
export async function check(subject: Subject, expectation: Expectation, limits: Limits): Promise<Outcome> {
  const about = { check: expectation.check, name: nameOf(expectation) };
  try {
    return { ...about, ...(await judge(subject, expectation, limits)) };
  } catch (error) {
    if (!(error instanceof CannotAsk)) throw error;
    return { ...about, result: "not asked", detail: error.message };
  }
}

type Verdict = Pick<Outcome, "result" | "detail">;

async function judge(subject: Subject, expectation: Expectation, limits: Limits): Promise<Verdict> {
  switch (expectation.check) {
    case "tokens":
      return complain(await subject.wrongTokens(expectation));
    case "template":
      return complain(await subject.wrongPrompt(expectation));
    case "answer":
      return judgeAnswer(expectation, await subject.answer(expectation.messages));
    case "score":
      return judgeScore(subject, expectation, limits);
    case "greedy":
      return judgeGreedy(subject, expectation, limits);
  }
}

const complain = (complaint: string | null): Verdict => ({
  result: complaint === null ? "passed" : "failed",
  detail: complaint ?? "",
});

function judgeAnswer({ text }: ExpectationOf<"answer">, found: string): Verdict {
  return complain(found === text ? null : `expected ${JSON.stringify(text)}, found ${JSON.stringify(found)}`);
}

async function judgeScore(subject: Subject, expected: ExpectationOf<"score">, limits: Limits): Promise<Verdict> {
  const { logprobs } = await subject.score(expected.ids);
  const differences = logprobs.map((value, index) => value - expected.next_logprob[index]!);
  const mean = -differences.reduce((sum, value) => sum + value, 0) / differences.length;
  const largest = differences.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return {
    // A NaN passes no comparison.
    result: Math.abs(mean) <= limits.nll ? "passed" : "failed",
    detail: `negative log-likelihood ${signed(mean)} a token, a single token at most ${largest.toFixed(3)} off`,
  };
}

/** The expected tokens are fed, so that one unclear choice does not decide the rest. */
async function judgeGreedy(subject: Subject, expected: ExpectationOf<"greedy">, limits: Limits): Promise<Verdict> {
  const { logprobs, best } = await subject.score([...expected.ids, ...expected.tokens]);
  const first = expected.ids.length - 1;
  const others = expected.tokens.flatMap((id, index) =>
    logprobs[first + index]! >= best[first + index]! ? [] : [{ id, index, gap: expected.gaps[index]! }],
  );
  const wrong = others.find(({ gap }) => gap >= limits.gap);
  if (wrong)
    return complain(`token ${wrong.index}, ${wrong.id}, is not the most probable, though it leads by ${wrong.gap}`);
  return {
    result: "passed",
    detail: `${others.length} of ${expected.tokens.length} tokens differ, none by a clear gap`,
  };
}

const signed = (value: number) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(4)}`;

const NAME_CHARACTERS = 40;

function nameOf(expectation: Expectation): string {
  if ("name" in expectation) return expectation.name;
  const text = "messages" in expectation ? expectation.messages.at(-1)!.content : expectation.text;
  const shown = JSON.stringify(text);
  return shown.length > NAME_CHARACTERS ? `${shown.slice(0, NAME_CHARACTERS)}…` : shown;
}
