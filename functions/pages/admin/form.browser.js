import { element } from "../element.browser.js";

/** A labelled field; the label is around it. */
export function field(label, properties, tag = "input") {
  const input = element(tag, properties);
  return { input, label: element("label", {}, label, input) };
}

/** A form with a button; `send` hears of a submission whose fields are what they may be. */
export function form(ariaLabel, fields, submit, send) {
  const button = element("button", { type: "submit", textContent: submit });
  const made = element("form", { ariaLabel, autocomplete: "off" }, ...fields, button);
  made.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  return made;
}

/** What is opened when it is wanted. */
export function folded(summary, ...children) {
  return element("details", {}, element("summary", { textContent: summary }), ...children);
}

/** A field for a moment in the reader's own time; `iso` is undefined while it is empty. */
export function momentField(label, required) {
  const { input, ...rest } = field(`${label}, in your time`, { type: "datetime-local", required });
  return { ...rest, iso: () => (input.value === "" ? undefined : new Date(input.value).toISOString()) };
}

/** A moment as its reader's clock shows it. */
export const moment = (iso) => new Date(iso).toLocaleString();
