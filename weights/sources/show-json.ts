const MAX_CHARACTERS = 100;
const MAX_ELEMENTS = 8;

/** A JSON value for an error text: short, and one level of it, since hostile files nest deeper than recursion can go. */
export function showJson(value: unknown): string {
  if (!Array.isArray(value)) return leaf(value);
  const shown = value.slice(0, MAX_ELEMENTS).map(leaf);
  return `[${shown.concat(value.length > MAX_ELEMENTS ? ["…"] : []).join(",")}]`;
}

function leaf(value: unknown): string {
  if (Array.isArray(value)) return "[…]";
  if (typeof value === "object" && value !== null) return "{…}";
  return String(JSON.stringify(value)).slice(0, MAX_CHARACTERS);
}
