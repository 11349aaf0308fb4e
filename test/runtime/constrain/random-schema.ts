/** Any schema of the supported keywords that something satisfies, as far as that is easily known. */
export function randomSchema(random: () => number, depth = 3): object | boolean {
  const int = (below: number) => Math.floor(random() * below);
  const pick = <Item>(items: readonly Item[]): Item => items[int(items.length)]!;
  const maybe = (fields: object) => (random() < 0.4 ? fields : {});
  const inner = () => randomSchema(random, depth - 1);
  const names = ["a", "name", "é", 'quo"te', "long name", "日本", "b\\c", "name2"];
  const leaves = [
    () => ({ type: "string", ...maybe({ minLength: int(4) }), ...maybe({ maxLength: 4 + int(20) }) }),
    () => ({ type: "string", pattern: pick(["^[a-c]+$", "^\\d{2,4}-x?$", "(foo|bä+r)[^\\w]", 'q"\\\\?', "^.{3}$"]) }),
    () => ({ type: "integer", ...maybe({ minimum: int(200) - 100 }), ...maybe({ maximum: 100 + int(9000) }) }),
    () => ({
      type: "number",
      ...maybe({ minimum: random() - 0.7 }),
      ...maybe({ exclusiveMaximum: 1 + random() * 30 }),
    }),
    () => ({ type: pick(["boolean", "null", "number", "integer", "string"]) }),
    () => ({ type: ["string", "null", "integer"] }),
    () => ({ enum: [1, "one", null, { deep: [true, "x y"] }, "öne", 1.5].slice(int(5)) }),
    () => ({ const: pick(["c", 7, false, ["x", 1]]) }),
    () => true,
    () => ({}),
  ];
  if (depth === 0) return pick(leaves)();
  const branches = [
    () => ({
      type: "array",
      items: inner(),
      ...maybe({ minItems: int(3) }),
      ...maybe({ maxItems: 3 + int(4) }),
    }),
    () => ({ type: "array", prefixItems: [inner(), inner()], ...maybe({ items: inner() }), ...maybe({ minItems: 3 }) }),
    () => {
      const properties = Object.fromEntries(names.filter(() => random() < 0.4).map((name) => [name, inner()]));
      return {
        type: "object",
        properties,
        required: Object.keys(properties).filter(() => random() < 0.6),
        ...maybe({ additionalProperties: pick([true, false, { type: "integer" }]) }),
      };
    },
    () => ({ type: "object", additionalProperties: inner() }),
    () => ({ anyOf: [inner(), inner(), inner()] }),
    () => ({
      allOf: [
        { type: "object", properties: { a: inner(), b: { type: "integer" } }, required: ["a"] },
        { properties: { b: { minimum: 3 }, c: inner() }, required: ["b", "c"] },
      ],
    }),
    () => ({
      oneOf: [
        { type: "object", properties: { kind: { const: "x" }, value: inner() }, required: ["kind", "value"] },
        { type: "object", properties: { kind: { const: "y" } }, required: ["kind"] },
        { type: "string" },
      ],
    }),
  ];
  return pick([...branches, ...branches, ...leaves])();
}
