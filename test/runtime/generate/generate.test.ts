import { describe, expect, it } from "vitest";
import { type GenerationOutput, type GenerationRequest, generate } from "../../../runtime/generate.ts";
import { Tokenizer } from "../../../runtime/tokenizer/tokenizer.ts";
import { byteIds, idOf, smallTokenizerFile } from "../tokenizer/small-vocabulary.ts";
import { ScriptedPipeline } from "./scripted-pipeline.ts";

const tokenizer = new Tokenizer(smallTokenizerFile);
const EOS = idOf("<eos>");
const greedy = { temperature: 0, topK: 0, topP: 1, minP: 0, seed: 0n };
const request: GenerationRequest = { promptIds: [2, 9, 8], sampling: greedy, maxTokens: 100, stopIds: [EOS], stop: [] };

async function run(
  pipeline: ScriptedPipeline,
  change: Partial<GenerationRequest> = {},
  text: Tokenizer | null = tokenizer,
) {
  const events: GenerationOutput[] = [];
  for await (const event of generate(pipeline, text, { ...request, ...change })) events.push(event);
  const tokens = events.filter((event) => event.type === "token");
  return {
    texts: tokens.map((event) => event.text),
    text: tokens.map((event) => event.text).join(""),
    ids: tokens.flatMap((event) => event.ids),
    done: events.at(-1),
  };
}

const script = [...tokenizer.encode(" the user"), EOS];

describe("generate", () => {
  it("feeds the prompt, then each drawn token at its position, and ends on a stop id", async () => {
    const pipeline = new ScriptedPipeline(script);
    const { ids, text, done } = await run(pipeline);
    expect(ids).toEqual(script);
    expect(text).toBe(" the user");
    expect(pipeline.fed).toEqual([...request.promptIds, ...script.slice(0, -1)]);
    expect(done).toEqual({ type: "done", finish: "stop", promptTokens: 3, completionTokens: script.length });
    expect(pipeline.closed).toBe(1);
  });

  it("ends at maxTokens", async () => {
    const { ids, done } = await run(new ScriptedPipeline(script), { maxTokens: 2 });
    expect(ids).toEqual(script.slice(0, 2));
    expect(done).toMatchObject({ finish: "length", completionTokens: 2 });
  });

  it("feeds nothing when no token is asked for", async () => {
    const pipeline = new ScriptedPipeline(script);
    expect((await run(pipeline, { maxTokens: 0 })).done).toMatchObject({ finish: "length", completionTokens: 0 });
    expect(pipeline.fed).toEqual([]);
    expect(pipeline.closed).toBe(1);
  });

  it("calls it a stop when the last allowed token is a stop id", async () => {
    expect((await run(new ScriptedPipeline(script), { maxTokens: script.length })).done).toMatchObject({
      finish: "stop",
    });
  });

  it("ends before a stop string that spans tokens, holding its beginning back", async () => {
    const ids = tokenizer.encode("ab cd ef");
    const { texts, text, done } = await run(new ScriptedPipeline([...ids, EOS]), { stop: ["d e"] });
    expect(text).toBe("ab c");
    expect(texts.at(-1)).toBe("");
    expect(done).toMatchObject({ finish: "stop", completionTokens: tokenizer.encode("ab cd e").length });
  });

  it("gives out a held back beginning when the stop string does not come", async () => {
    const ids = tokenizer.encode("ab cd");
    expect((await run(new ScriptedPipeline([...ids, EOS]), { stop: ["cdx"] })).text).toBe("ab cd");
    expect((await run(new ScriptedPipeline(ids), { stop: ["cdx"], maxTokens: ids.length })).text).toBe("ab cd");
  });

  it("holds the bytes of a character back and replaces them at the end", async () => {
    const { texts } = await run(new ScriptedPipeline([...byteIds(0xf0, 0x9f, 0x98, 0x80, 0xc3), EOS]));
    expect(texts).toEqual(["", "", "", "😀", "", "\ufffd"]);
  });

  it("finds a stop string that only the end completes", async () => {
    const { text, done } = await run(new ScriptedPipeline([idOf("a"), ...byteIds(0xc3)]), {
      stop: ["\ufffd"],
      maxTokens: 2,
    });
    expect(text).toBe("a");
    expect(done).toMatchObject({ finish: "stop" });
  });

  it("works with ids alone", async () => {
    const { ids, text } = await run(new ScriptedPipeline([1500, 1030, EOS]), {}, null);
    expect(ids).toEqual([1500, 1030, EOS]);
    expect(text).toBe("");
    await expect(run(new ScriptedPipeline(script), { stop: ["a"] }, null)).rejects.toMatchObject({
      code: "unsupported",
    });
  });

  it("asks again when top-p needs more candidates, and draws as before for a seed", async () => {
    const sampling = { ...greedy, temperature: 1, topP: 0.9, seed: 7n };
    const flat = () =>
      new ScriptedPipeline(
        Array.from({ length: 6 }, () => 5),
        0,
      );
    const first = flat();
    const { ids } = await run(first, { sampling, maxTokens: 6, stopIds: [] }, null);
    expect(first.reselects).toBeGreaterThanOrEqual(6);
    expect((await run(flat(), { sampling, maxTokens: 6, stopIds: [] }, null)).ids).toEqual(ids);
    const other = { ...sampling, seed: 8n };
    expect((await run(flat(), { sampling: other, maxTokens: 6, stopIds: [] }, null)).ids).not.toEqual(ids);
  });

  it("stops between steps when aborted, and closes the pipeline", async () => {
    const pipeline = new ScriptedPipeline(script);
    const leaving = new AbortController();
    const events = generate(pipeline, tokenizer, { ...request, signal: leaving.signal });
    await events.next();
    leaving.abort(new Error("the caller left"));
    await expect(events.next()).rejects.toThrow("the caller left");
    expect(pipeline.fed).toEqual(request.promptIds);
    expect(pipeline.closed).toBe(1);
  });

  it("closes the pipeline when the reader leaves or a step fails", async () => {
    const left = new ScriptedPipeline(script);
    for await (const _ of generate(left, tokenizer, request)) break;
    expect(left.closed).toBe(1);
    const short = new ScriptedPipeline([idOf("a")]);
    await expect(run(short)).rejects.toThrow("beyond the script");
    expect(short.closed).toBe(1);
    const empty = new ScriptedPipeline(script);
    await expect(run(empty, { promptIds: [] })).rejects.toThrow("at least one token");
    expect(empty.closed).toBe(1);
  });
});
