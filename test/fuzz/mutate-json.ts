import type { Dice } from "./dice.ts";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const MAX_CHANGES = 3;
/** Stands for arrays nested deeper than a recursive function can go; put in as text. */
const DEEP = "an array nested very deep";
const DEEP_TEXT = "[".repeat(50_000) + "]".repeat(50_000);
const ODD_VALUES: readonly Json[] = [
  null,
  true,
  "",
  "toString",
  "__proto__",
  "\ud800",
  "▁".repeat(300),
  0,
  -1,
  0.5,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  1e300,
  [],
  {},
  [[[[]]]],
  DEEP,
];

/** The text of a copy with one to three values replaced, removed, doubled, exchanged or renamed. */
export function mutateJson(original: unknown, dice: Dice): string {
  const holder = { root: structuredClone(original) as Json };
  for (let changes = 1 + dice.below(MAX_CHANGES); changes > 0; changes--) {
    const [parent, key] = pickPlace(holder, dice);
    change(parent, key, holder, dice);
  }
  return (JSON.stringify(holder.root) ?? "").replaceAll(`"${DEEP}"`, DEEP_TEXT);
}

/** A random way down, so that a long list is not chosen more often than a short object beside it. */
function pickPlace(holder: { root: Json }, dice: Dice): [parent: { [key: string]: Json }, key: string] {
  let parent: { [key: string]: Json } = holder;
  let key = "root";
  for (;;) {
    const value = parent[key];
    if (typeof value !== "object" || value === null) return [parent, key];
    const keys = Object.keys(value);
    if (keys.length === 0 || dice.below(6) === 0) return [parent, key];
    parent = value as { [key: string]: Json };
    key = dice.pick(keys);
  }
}

function change(parent: { [key: string]: Json }, key: string, holder: { root: Json }, dice: Dice): void {
  const value = parent[key]!;
  switch (dice.below(6)) {
    case 0:
      if (Array.isArray(parent)) parent.splice(Number(key), 1);
      else delete parent[key];
      return;
    case 1:
      if (Array.isArray(parent)) parent.splice(Number(key), 0, structuredClone(value));
      else parent[`${key}x`] = structuredClone(value);
      return;
    case 2: {
      const [otherParent, otherKey] = pickPlace(holder, dice);
      parent[key] = structuredClone(otherParent[otherKey] ?? null);
      return;
    }
    case 3:
      if (typeof value === "number")
        parent[key] = dice.pick([value + 1, value - 1, -value, value * 2, value * 2 ** 31]);
      else if (typeof value === "string") parent[key] = value.slice(0, dice.below(value.length + 1));
      else parent[key] = dice.pick(ODD_VALUES);
      return;
    default:
      parent[key] = structuredClone(dice.pick(ODD_VALUES));
  }
}
