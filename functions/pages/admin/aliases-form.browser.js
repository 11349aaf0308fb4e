import { field, form } from "./form.browser.js";

const LINE = /^\s*(\S+)\s*=\s*(\S+)\s*$/;

/** Names that a tenant's requests may give a model: one a line, all of them. */
export function aliasesForm(aliases, change) {
  const value = Object.entries(aliases)
    .map(([alias, model]) => `${alias} = ${model}`)
    .join("\n");
  const placeholder = "gpt-4o-mini = lapidary-demo";
  const { input, label } = field(
    "Name = model, one a line",
    { rows: 4, spellcheck: false, placeholder, value },
    "textarea",
  );
  input.addEventListener("input", () => input.setCustomValidity(problemOf(input.value)));
  const send = () =>
    change({ aliases: Object.fromEntries(linesOf(input.value).map((line) => LINE.exec(line).slice(1))) });
  return form("Other names for models", [label], "Change the names", send);
}

function problemOf(text) {
  const wrong = linesOf(text).find((line) => !LINE.test(line));
  return wrong === undefined ? "" : `Expected name = model, found "${wrong.trim()}".`;
}

const linesOf = (text) => text.split("\n").filter((line) => line.trim() !== "");
