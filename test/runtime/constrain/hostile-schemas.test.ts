import { describe, expect, test } from "vitest";
import type { JsonSchema } from "../../../runtime/constrain/specification.ts";
import { compiledSchema, randomNumbers, randomWalk } from "./random-walk.ts";

function nested(depth: number): JsonSchema {
  return depth === 0 ? { type: "string" } : { type: "object", properties: { a: nested(depth - 1) }, required: ["a"] };
}

/** Each definition joins the one before with itself, in two ways. */
const doubling = {
  $ref: "#/$defs/d12",
  $defs: Object.fromEntries(
    Array.from({ length: 13 }, (_, index) => [
      `d${index}`,
      index === 0
        ? { type: "object", properties: { x: { type: "string" } } }
        : {
            allOf: [{ $ref: `#/$defs/d${index - 1}` }, { anyOf: [{ required: [`a${index}`] }, { required: ["b"] }] }],
          },
    ]),
  ),
};

/** Each definition refers to three of the level below, so that the ways to the lowest multiply. */
const multiplying = {
  $ref: "#/$defs/a12",
  $defs: Object.fromEntries(
    Array.from({ length: 13 }, (_, level) =>
      ["a", "b", "c"].map((name): [string, object] => [
        `${name}${level}`,
        level === 0
          ? { required: [name] }
          : {
              allOf: ["a", "b", "c"].map((below) => ({ $ref: `#/$defs/${below}${level - 1}` })),
              required: [`${name}${level}`],
            },
      ]),
    ).flat(),
  ),
};

describe("refused with the limit's name", () => {
  test.each<[string, JsonSchema, string]>([
    ["deep", nested(40), "deep"],
    ["long", { enum: ["x".repeat(40_000)] }, "longer"],
    ["many", { enum: Array(1001).fill(1) }, "1000"],
    ["exponential by joining", doubling, "joined"],
    [
      "joining that makes ever new forms",
      { anyOf: [{ type: "null" }, { anyOf: [{ type: "integer" }, { $ref: "#" }], $ref: "#" }] },
      "branches",
    ],
    ["references that multiply", multiplying, "joins more than"],
    [
      "a name that is too long to be told apart",
      { type: "object", properties: { ["x".repeat(20_000)]: {} }, additionalProperties: true },
      "characters",
    ],
    ["a very long pattern", { type: "string", pattern: "\\W?[^a]?".repeat(3500) }, "parts"],
    ["repetitions within repetitions", { type: "string", pattern: "^((a{0,20}){0,20}b?){0,20}$" }, "parts"],
    ["a reference to itself", { $ref: "#" }, "follow each other"],
    [
      "references in a ring",
      { $ref: "#/$defs/a", $defs: { a: { $ref: "#/$defs/b" }, b: { $ref: "#/$defs/a" } } },
      "each other",
    ],
    ["a remote reference", { $ref: "https://example.org/schema" }, "within the schema"],
    [
      "recursion without a base",
      { type: "object", properties: { a: { $ref: "#" } }, required: ["a"] },
      "nothing satisfies",
    ],
    ["itself among its branches", { anyOf: [{ $ref: "#" }] }, "nothing satisfies"],
    ["contradiction", { type: "object", required: ["a"], additionalProperties: false }, "nothing satisfies"],
    ["overlapping oneOf", { oneOf: [{ type: "string" }, { type: "string", maxLength: 3 }] }, "anyOf"],
    ["two patterns", { allOf: [{ type: "string", pattern: "a" }, { pattern: "b" }] }, "joined"],
    ["an unknown keyword", { type: "object", patternProperties: {} }, "not supported"],
    ["a bound that is no number", { type: "integer", minimum: "3" }, "expected a number"],
    ["half a surrogate pair", { enum: ["\ud800"] }, "surrogate"],
  ])("%s", (_, schema, reason) => {
    expect(() => compiledSchema(schema)).toThrow(reason);
  });
});

describe("taken, and answered in bounded time", () => {
  const many = Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`p${index}`, { type: "integer" }]));
  const twins = (item: object) => [1, 2, 3].map((minItems) => ({ type: "array", items: item, minItems }));
  test.each<[string, JsonSchema]>([
    ["many optional properties", { type: "object", properties: many }],
    ["many values", { enum: Array.from({ length: 1000 }, (_, index) => `${"common ".repeat(2)}${index}`) }],
    [
      "readings that multiply",
      { anyOf: twins({ anyOf: twins({ anyOf: twins({ type: "array", items: { type: "integer" } }) }) }) },
    ],
    [
      "recursion in every branch",
      {
        anyOf: [
          { type: "integer" },
          { type: "array", items: { $ref: "#" } },
          { type: "object", additionalProperties: { $ref: "#" } },
        ],
      },
    ],
    ["repetition within repetition", { type: "string", pattern: "^((a{0,9}){0,9}b?){0,9}$" }],
    [
      "a name for every reading",
      { type: "object", properties: { __proto__: { type: "integer" }, constructor: { const: 1 } } },
    ],
    ["a very long name", { type: "object", properties: { ["x".repeat(20_000)]: {} } }],
    ["a long pattern of what may be left out", { type: "string", pattern: "\\W?[^a]?".repeat(200) }],
    ["values that begin alike", { enum: Array.from({ length: 200 }, (_, length) => "a".repeat(length)) }],
    ["a very long text", { type: "string", minLength: 100, maxLength: 1_000_000_000 }],
  ])("%s", (_, schema) => {
    const grammar = compiledSchema(schema);
    const random = randomNumbers(2);
    for (let walk = 0; walk < 2; walk++) {
      const { text, ended } = randomWalk(grammar, 150, random);
      expect(ended).toBe(true);
      JSON.parse(text);
    }
  });
});
