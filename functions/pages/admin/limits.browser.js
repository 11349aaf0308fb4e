import { element, grouped } from "../element.browser.js";
import { field } from "./form.browser.js";

const MICROS = 1_000_000;

/** What the API calls a limit, what people do, and the least that it may be. */
const COUNTS = [
  ["requestsPerMinute", "Requests a minute", 1],
  ["tokensPerMinute", "Tokens a minute", 2],
  ["tokensPerDay", "Tokens a day", 2],
  ["concurrency", "Generations at once", 1],
  ["maxContextTokens", "Context tokens", 2],
  ["maxOutputTokens", "Tokens of an answer", 1],
  ["priority", "Priority", 1],
];
const BUDGET = "budgetMicrosPerMonth";
const MODELS = "allowedModels";
/** What is held now, and the limit it counts against. */
const HELD = [
  ["requestsThisMinute", "requestsPerMinute", "Requests this minute"],
  ["tokensThisMinute", "tokensPerMinute", "Tokens this minute"],
  ["tokensToday", "tokensPerDay", "Tokens today"],
  ["microsThisMonth", BUDGET, "Money this month"],
  ["running", "concurrency", "Running"],
];

/** Limits that a tenant always has. */
export const ALWAYS = ["requestsPerMinute", "tokensPerMinute", "concurrency", "maxOutputTokens", "priority"];

/** What people call a limit. */
export function limitName(name) {
  if (name === BUDGET) return "Money a month";
  if (name === MODELS) return "Models";
  return COUNTS.find(([known]) => known === name)[1];
}

/** A limit or what is held of it, as people read it. */
export function limitWords(name, value) {
  if (name === MODELS) return value.join(", ");
  return name === BUDGET ? inMoney(value) : grouped(value);
}

const inMoney = (micros) => (micros / MICROS).toLocaleString("en", { maximumFractionDigits: 6 });

/**
 * Fields for the limits that `limits` has, filled with it; those in `required` may not be empty, the others say `empty`
 * then. `values` are for the API: an empty field is null.
 */
export function limitFields(limits, empty, required = []) {
  const fields = [];
  const add = (name, text, properties, read) => {
    const placeholder = required.includes(name) ? "" : empty;
    const { input, label } = field(text, { name, placeholder, required: required.includes(name), ...properties });
    if (limits[name] !== null) input.value = properties.shown ?? limits[name];
    fields.push({ name, input, label, read });
  };
  for (const [name, text, min] of COUNTS) if (name in limits) add(name, text, { type: "number", min, step: 1 }, Number);
  if (BUDGET in limits) {
    const shown = limits[BUDGET] === null ? "" : limits[BUDGET] / MICROS;
    const toMicros = (text) => Math.round(Number(text) * MICROS);
    add(BUDGET, limitName(BUDGET), { type: "number", min: 1 / MICROS, step: "any", shown }, toMicros);
  }
  if (MODELS in limits) {
    const toList = (text) => text.split(",").flatMap((id) => id.trim() || []);
    add(MODELS, "Models, with commas between", { spellcheck: false, shown: limits[MODELS]?.join(", ") }, toList);
  }
  return {
    cards: element("div", { className: "fields" }, ...fields.map(({ label }) => label)),
    values: () =>
      Object.fromEntries(
        fields.map(({ name, input, read }) => [name, input.value.trim() === "" ? null : read(input.value)]),
      ),
  };
}

/** What is held now against its limit; where `all` is false, of limits that are set alone. */
export function holdings(now, limits, all = true) {
  const shown = HELD.filter(([, limit]) => all || limits[limit] !== null);
  return element("ul", { className: "cards" }, ...shown.map((held) => holding(held, now, limits)));
}

function holding([held, limit, label], now, limits) {
  const of = limits[limit];
  const words = of === null ? "no limit" : `of ${limitWords(limit, of)}`;
  const card = element(
    "li",
    {},
    element("p", { className: "hint", textContent: label }),
    element("p", { textContent: `${limitWords(limit, now[held])} ${words}` }),
  );
  if (of !== null)
    card.append(element("meter", { min: 0, max: of, high: 0.8 * of, value: now[held], ariaLabel: label }));
  return card;
}

/** The limits that hold while a raise lasts: of each the higher, and none is the highest. */
export function raisedLimits(limits, raise) {
  const higher = (name, value) => {
    const raised = raise?.limits[name];
    if (raised === undefined || value === null) return value;
    return raised === null ? null : Math.max(value, raised);
  };
  return Object.fromEntries(Object.entries(limits).map(([name, value]) => [name, higher(name, value)]));
}
