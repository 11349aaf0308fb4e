import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { type AnswerEvent, readEvents } from "../../../functions/generation-events.ts";
import type { GenerateAnswer } from "../../../functions/pipeline/generation-call.ts";
import { abort, allFree, type ConductorStub, callFor, freshConductor, storyFor } from "./conductors.ts";
import { generateLocally } from "./local-judge.ts";

const request = await storyFor(200);
const [expected] = await generateLocally([request]);
const FIRST_TOKENS = 90;

interface Part {
  readonly ids: number[];
  readonly text: string;
  readonly last: AnswerEvent | undefined;
}

/** Reads up to `tokens` tokens, and leaves the rest unread. */
async function read(answer: GenerateAnswer, tokens = Number.POSITIVE_INFINITY): Promise<Part> {
  if (!answer.admitted) throw new Error(answer.failure.message);
  const ids: number[] = [];
  let text = "";
  let last: AnswerEvent | undefined;
  for await (const event of readEvents(answer.events, new AbortController().signal)) {
    last = event;
    if (event.type !== "token") continue;
    ids.push(...event.ids);
    text += event.text;
    if (ids.length >= tokens) break;
  }
  return { ids, text, last };
}

async function lostInTheMiddle(): Promise<{ id: string; first: Part; next: ConductorStub }> {
  const conductor = await freshConductor();
  const call = await callFor(request);
  const first = await read(await conductor.generate(call), FIRST_TOKENS);
  await abort(conductor);
  return { id: call.id, first, next: env.CONDUCTOR.get(conductor.id) };
}

test.each([
  ["with the ids its reader kept", (ids: number[]) => ids],
  ["with the ids it stored alone", () => []],
])("a lost conductor's next life tells all of the answer, and goes on with it, %s", async (_, kept) => {
  const { id, first, next } = await lostInTheMiddle();
  expect(expected!.ids.slice(0, first.ids.length)).toEqual(first.ids);
  const { ids, text, last } = await read(await next.resume(id, FIRST_TOKENS, kept(first.ids)));
  expect({ ids, text }).toEqual({ ids: expected!.ids, text: expected!.text });
  expect(last).toMatchObject({
    type: "done",
    finish: expected!.finish,
    promptTokens: request.promptIds.length,
    completionTokens: expected!.ids.length,
  });
  await allFree(next);
});

test("an answer that had ended is told again without another computation", async () => {
  const conductor = await freshConductor();
  const call = await callFor(request);
  const whole = await read(await conductor.generate(call));
  await abort(conductor);
  const next = env.CONDUCTOR.get(conductor.id);
  const { ids, text, last } = await read(await next.resume(call.id, whole.ids.length, whole.ids));
  expect({ ids, text }).toEqual({ ids: whole.ids, text: whole.text });
  expect(last).toMatchObject({ type: "done", completionTokens: whole.ids.length });
  const { stages } = await next.status();
  expect(stages.flatMap(({ replicas }) => replicas.map(({ state }) => state))).not.toContain("ready");
});

test("a reader that vanished finds its generation paused, with nothing held, and all of it when it comes back", async () => {
  const conductor = await freshConductor();
  const call = await callFor(request);
  const first = await read(await conductor.generate(call), FIRST_TOKENS);
  await allFree(conductor);
  const { ids } = await read(await conductor.resume(call.id, FIRST_TOKENS, first.ids));
  expect(ids).toEqual(expected!.ids);
});

test("a second reader of a running generation gets all of it, as the first does", async () => {
  const conductor = await freshConductor();
  const call = await callFor(request);
  const answers = [await conductor.generate(call), await conductor.resume(call.id, 0)];
  for (const { ids, text } of await Promise.all(answers.map((answer) => read(answer))))
    expect({ ids, text }).toEqual({ ids: expected!.ids, text: expected!.text });
  await allFree(conductor);
});

test.each(["while it runs", "while it is paused", "after its conductor was lost"])(
  "what was cancelled %s is not resumed",
  async (when) => {
    const conductor = await freshConductor();
    const call = await callFor(request);
    const answer = await conductor.generate(call);
    if (when !== "while it runs") await read(answer, 1);
    if (when === "while it is paused") await allFree(conductor);
    if (when === "after its conductor was lost") await abort(conductor);
    const next = env.CONDUCTOR.get(conductor.id);
    await next.cancel(call.id);
    await vi.waitFor(async () =>
      expect(await next.resume(call.id, 0)).toMatchObject({ admitted: false, failure: { code: "gone" } }),
    );
    await allFree(next);
  },
);

test("a generation that this conductor never had is not resumed", async () => {
  const conductor = await freshConductor();
  const { id } = await callFor(request);
  expect(await conductor.resume(id, 0)).toMatchObject({ admitted: false, failure: { code: "gone" } });
});
