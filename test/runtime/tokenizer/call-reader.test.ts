import { describe, expect, it } from "vitest";
import { type CallPart, CallReader } from "../../../runtime/tokenizer/call-reader.ts";
import { callsText } from "../../../runtime/tokenizer/call-text.ts";

/** What comes out when the text comes in parts of so many characters. */
function read(text: string, partLength: number): { text: string; calls: { name: string; arguments: string }[] } {
  const reader = new CallReader();
  const parts: CallPart[] = [];
  let shown = "";
  for (let at = 0; at < text.length; at += partLength) {
    const part = reader.push(text.slice(at, at + partLength));
    shown += part.text;
    parts.push(...part.calls);
  }
  const calls: { name: string; arguments: string }[] = [];
  for (const { index, name, arguments: json } of parts) {
    if (name !== undefined) calls.push({ name, arguments: "" });
    expect(calls).toHaveLength(index + 1);
    calls[index]!.arguments += json;
  }
  return { text: shown, calls };
}

const CALLS = [
  { name: "get_weather", arguments: '{"city": "Rome", "when": {"day": [1, 2]}}' },
  { name: "x", arguments: "{}" },
  { name: "say", arguments: '{"text":"} \\"{\\n\\\\", "parameters": {"a":"\\", \\"parameters\\": "}}' },
];

describe("CallReader", () => {
  it("reads calls, however their text is cut", () => {
    for (const partLength of [1, 2, 3, 7, 1000])
      expect(read(callsText(CALLS), partLength)).toEqual({ text: "", calls: CALLS });
  });

  it("gives out any other text as it is", () => {
    for (const text of ["Rome is sunny.", 'Say {"name": "x"}', ""])
      for (const partLength of [1, 5]) expect(read(text, partLength)).toEqual({ text, calls: [] });
  });

  it("tells what there is of a call that was cut", () => {
    const cut = callsText(CALLS).slice(0, 50);
    expect(read(cut, 4).calls).toEqual([{ name: "get_weather", arguments: cut.slice(cut.indexOf("{", 1)) }]);
    expect(read('{"name": "get_w', 4)).toEqual({ text: "", calls: [] });
  });
});
