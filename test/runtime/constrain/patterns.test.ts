import { describe, expect, test } from "vitest";
import { FORMATS } from "../../../runtime/constrain/formats.ts";
import { accepts, compiled, compiledSchema, randomNumbers, randomWalk } from "./random-walk.ts";

const PATTERNS = [
  "^[A-Z]{2}\\d{3,5}$",
  "^a|bc|d$",
  "(?:foo|ba[rz])+?-\\w*",
  "^\\u00e9\\x41[^\\d\\s]{2}$",
  "(?<year>19|20)\\d\\d",
  "^[\\w.+-]+@[a-z]+\\.[a-z]{2,3}$",
  "x{0}y{2,}z?",
  "^[\\u{1F600}-\\u{1F64F}日-本\\]\\\\^-]+$",
  ".{1,4}\\.",
  "",
];

const CLASSES = [".", "\\d", "\\w", "\\s", "\\D", "\\W", "\\S", "[^\\s]", "[^\\W]", "[^a-z]", "[\\s\\d]", "[^\\S]"];

describe("a class of characters", () => {
  test.each(CLASSES)("%s holds no character that ECMAScript's does not", (pattern) => {
    const grammar = compiled({ type: "regex", pattern });
    const theirs = new RegExp(`^${pattern}$`, "u");
    const held = Array.from({ length: 0x3100 }, (_, code) => String.fromCodePoint(code)).filter((character) =>
      accepts(grammar, character),
    );
    expect(held.length).toBeGreaterThan(3);
    expect(held.filter((character) => !theirs.test(character))).toEqual([]);
  });
});

describe("a regex", () => {
  test.each(PATTERNS)("%s matches what is drawn for it, bare and in a JSON string", (pattern) => {
    const whole = new RegExp(`^(?:${pattern})$`, "u");
    const random = randomNumbers(5);
    for (let walk = 0; walk < 20; walk++) {
      expect(randomWalk(compiled({ type: "regex", pattern }), 60, random).text).toMatch(whole);
      const { text } = randomWalk(compiledSchema({ type: "string", pattern }), 60, random);
      expect(JSON.parse(text)).toMatch(whole);
    }
  });

  test.each([
    ["^[a-c]+(x|yy){1,2}$", ["ax", "abcyyx", "cxyy"], ["x", "axxx", "ay", "axd"]],
    ["\\d{2}[^\\d]?", ["12", "12é", "12日"], ["1", "123", "12\n"]],
    ["(a*)*b", ["b", "aaab"], ["a", ""]],
    ["(a?){3}a{3}", ["aaa", "aaaaaa"], ["aa", "aaaaaaa"]],
    ["a[^\\s]\\S", ["abc", "a日."], ["a\u3000c", "ab\u2003", "a b"]],
    ["[é-ü]", ["é", "ö", "ü"], ["e", "ý", "è"]],
  ])("%s allows %j and not %j", (pattern, belonging, others) => {
    const grammar = compiled({ type: "regex", pattern });
    expect(belonging.filter((text) => !accepts(grammar, text))).toEqual([]);
    expect(others.filter((text) => accepts(grammar, text))).toEqual([]);
  });

  test.each([
    ["(?=a)b", "look-around"],
    ["(?!a)b", "look-around"],
    ["(a)\\1", "\\1"],
    ["\\bword", "\\b"],
    ["\\p{L}", "\\p"],
    ["a{3,2}", "order"],
    ["a{2000}", "repetitions"],
    ["((a{100}){100}){100}", "parts"],
    ["a**", "nothing to repeat"],
    ["*a", "escape"],
    ["(a", "( without"],
    ["a)", ") without"],
    ["[a", "too early"],
    ["[z-a]", "in order"],
    ["[]", "without characters"],
    ["a$b", "at the end"],
    ["a^b", "escape"],
    ["\\", "too early"],
    ["(".repeat(50), "deep"],
  ])("%s is refused with the reason", (pattern, reason) => {
    expect(() => compiled({ type: "regex", pattern })).toThrow(reason);
  });
});

/** What each format is at least. */
const MEANING: Readonly<Record<string, (text: string) => boolean>> = {
  date: (text) => new Date(`${text}T00:00:00Z`).toISOString().startsWith(text),
  time: (text) => !Number.isNaN(Date.parse(`2024-01-01T${text}`)),
  "date-time": (text) => !Number.isNaN(Date.parse(text)),
  duration: (text) => /^P(?!$)(\d+W|(\d+D)?(T(?!$)(\d+H)?(\d+M)?(\d+S)?)?)$/.test(text),
  uuid: (text) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text),
  email: (text) => /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text) && !text.includes(".."),
  hostname: (text) => new URL(`http://a.${text}`).hostname === `a.${text}`,
  ipv4: (text) => new URL(`http://${text}`).hostname === text,
  ipv6: (text) => new URL(`http://[${text}]`).hostname.startsWith("["),
  uri: (text) => new URL(text).protocol.startsWith("http"),
};

test.each([...FORMATS.keys()])("what is drawn for the format %s has it", (format) => {
  const random = randomNumbers(9);
  const grammar = compiledSchema({ type: "string", format });
  for (let walk = 0; walk < 30; walk++) {
    const { text, ended } = randomWalk(grammar, 150, random);
    expect(ended).toBe(true);
    expect(MEANING[format]!(JSON.parse(text)), text).toBe(true);
  }
});
