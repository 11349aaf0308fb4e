import { describe, expect, it } from "vitest";
import { StopStrings } from "../../runtime/stop-strings.ts";

/** All that comes out when `parts` go in. */
function shown(stops: string[], parts: readonly string[]): { text: string; stopped: boolean } {
  const watch = new StopStrings(stops);
  const text = parts.map((part) => watch.push(part)).join("") + watch.flush();
  return { text, stopped: watch.stopped };
}

describe("StopStrings", () => {
  it("holds back no more than what may begin a stop string", () => {
    const watch = new StopStrings(["END", "\n\nUser"]);
    expect(watch.push("abE")).toBe("ab");
    expect(watch.push("N")).toBe("");
    expect(watch.push("Ex")).toBe("ENEx");
    expect(watch.push("\n\n")).toBe("");
    expect(watch.push("\nUse")).toBe("\n");
    expect(watch.push("r!")).toBe("");
    expect(watch.stopped).toBe(true);
    expect(watch.flush()).toBe("");
  });

  it.each([
    [["b"], "abc", "a", true],
    [["aab"], "aaab", "a", true],
    [["abab"], "aababx", "a", true],
    [["abc"], "abab", "abab", false],
    [["abc", "b"], "abc", "a", true],
    [["bc", "abc"], "xabc", "x", true],
    [["x"], "", "", false],
    [[], "abc", "abc", false],
    [["😀"], "a😁😀b", "a😁", true],
  ])("with %j shows of %j only %j, whatever the parts", (stops, input, text, stopped) => {
    const ways = [[input], [...input], input.split("")];
    for (let cut = 1; cut < input.length; cut++) ways.push([input.slice(0, cut), input.slice(cut)]);
    for (const parts of ways) expect(shown(stops, parts), JSON.stringify(parts)).toEqual({ text, stopped });
  });

  it("refuses an empty stop string", () => {
    expect(() => new StopStrings(["a", ""])).toThrow(RangeError);
  });

  it("is quick on text that keeps beginning a stop string", () => {
    const started = performance.now();
    const stops = Array.from({ length: 32 }, (_, index) => `${"a".repeat(500 + index)}b`);
    const watch = new StopStrings(stops);
    let length = 0;
    for (let index = 0; index < 5_000; index++) length += watch.push("a").length;
    expect(length + watch.flush().length).toBe(5_000);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
