const text = { type: "string" };
const integer = { type: "integer" };
const closed = (properties: Record<string, object>, optional: readonly string[] = []) => ({
  type: "object",
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  additionalProperties: false,
});

const address = closed({ street: { type: "string", maxLength: 30 }, zip: { type: "string", pattern: "^\\d{5}$" } });
const tree = {
  type: "object",
  properties: { value: integer, children: { type: "array", items: { $ref: "#/$defs/tree" } } },
  required: ["value", "children"],
  additionalProperties: false,
};

/** Thirty schemas as callers write them, each with a shortest answer of well under 200 tokens. */
export const ANSWER_SCHEMAS: readonly object[] = [
  closed({ name: text, age: integer }),
  closed({ capital: text, country: text, population: { type: "integer", minimum: 1 } }),
  closed({ sentiment: { enum: ["positive", "negative", "neutral"] } }),
  closed({ sum: { type: "integer", minimum: 0, maximum: 40 }, correct: { type: "boolean" } }),
  closed({ items: { type: "array", items: text, minItems: 2, maxItems: 5 } }),
  closed({ title: { type: "string", minLength: 3, maxLength: 20 }, words: { type: "array", items: text } }),
  closed({ address, note: text }, ["note"]),
  { $ref: "#/$defs/tree", $defs: { tree } },
  closed({ day: { type: "string", format: "date" }, time: { type: "string", format: "time" } }),
  closed({ id: { type: "string", format: "uuid" } }),
  closed({ mail: { type: "string", format: "email" } }),
  closed({ value: { anyOf: [text, integer, { type: "null" }] } }),
  closed({ value: { type: ["number", "null"] }, unit: { const: "cm" } }),
  { type: "array", items: closed({ word: text, opposite: text }), minItems: 1, maxItems: 3 },
  { type: "array", prefixItems: [text, integer, { type: "boolean" }], items: false, minItems: 3 },
  { type: "object", additionalProperties: integer },
  { type: "object", properties: { id: integer }, required: ["id"], additionalProperties: { type: "boolean" } },
  {
    anyOf: [
      closed({ kind: { const: "circle" }, radius: { type: "number", exclusiveMinimum: 0 } }),
      closed({ kind: { const: "square" }, side: { type: "number", minimum: 0, maximum: 10 } }),
    ],
  },
  {
    oneOf: [
      closed({ type: { const: "cat" }, lives: { type: "integer", maximum: 9 } }),
      closed({ type: { const: "dog" }, tricks: { type: "array", items: text, maxItems: 3 } }),
    ],
  },
  { allOf: [closed({ a: text, b: integer }), { properties: { b: { minimum: 5, maximum: 50 } } }] },
  closed({ steps: { type: "array", items: closed({ explanation: text, output: text }) }, final_answer: text }),
  closed({ first: { $ref: "#/properties/second" }, second: { type: "string", maxLength: 10 } }),
  closed({ matrix: { type: "array", items: { type: "array", items: { type: "number" }, maxItems: 3 }, maxItems: 3 } }),
  closed({ a: closed({ b: closed({ c: closed({ d: closed({ e: { type: "boolean" } }) }) }) }) }),
  closed({ "naïve key": text, 'with "quotes"': integer, 日本語: { type: "boolean" } }),
  closed({
    code: { type: "string", pattern: "^[A-Z]{3}-\\d{2,4}$" },
    tags: { type: "array", items: { enum: ["x", "y"] } },
  }),
  closed({ host: { type: "string", format: "ipv4" }, port: { type: "integer", minimum: 1, maximum: 65535 } }),
  closed({ one: text, two: text, three: text, four: text }, ["one", "two", "three", "four"]),
  closed({ anything: {} }),
  {},
];
